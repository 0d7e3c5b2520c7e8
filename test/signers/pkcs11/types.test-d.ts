// biome-ignore lint/suspicious/noTsIgnore: where it is not installed it is an error
// @ts-ignore: installed only where a compiler is; without it this checks nothing
import type { PKCS11 } from 'pkcs11js'
import { expectTypeOf } from 'vitest'
import type {
  Pkcs11Module,
  Pkcs11Signer,
  Pkcs11SignerOptions,
} from '../../../src/signers/pkcs11.js'
import type { Signer } from '../../../src/signers/signer.js'
import type { Pkcs11 } from '../softhsm.js'

// a module as users have it, and as the tests use it
expectTypeOf<PKCS11>().toExtend<Pkcs11Module>()
expectTypeOf<PKCS11>().toExtend<Pkcs11>()

expectTypeOf<Pkcs11Signer>().toExtend<Signer>()

declare const pkcs11: PKCS11
const whole: Pkcs11SignerOptions = { pkcs11, token: 'orgid', pin: '1234', label: 'webserver' }
const lazy: Pkcs11SignerOptions = { ...whole, pin: async ({ signal }) => String(signal.aborted) }
expectTypeOf(lazy).toEqualTypeOf<Pkcs11SignerOptions>()
