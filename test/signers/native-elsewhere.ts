import { nativeSigner } from 'orgid-bearer/signers/native'
import { isOrgidAuthError, localSigner } from '../../src/index.js'
import { newKey } from '../support.js'

// Run by native.test.ts in a Node of its own: prints how a native signer is made there.

const { pem } = newKey()
const outcome = (make: () => unknown) => {
  try {
    make()
    return { made: true }
  } catch (error) {
    if (!isOrgidAuthError(error)) throw error
    return { code: error.code, message: error.message }
  }
}
console.log(
  JSON.stringify({
    native: outcome(() => nativeSigner(pem)),
    backend: outcome(() => localSigner(pem, { backend: 'native' })),
    others: outcome(() => localSigner(pem)),
  }),
)
