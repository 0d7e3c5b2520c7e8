import { generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto'
import { inspect } from 'node:util'
import { opensslSigner } from 'orgid-bearer/signers/openssl'
import { verifyToken } from 'orgid-bearer/verify'
import { describe, expect, it } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import { codeOf, did } from '../support.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

describe('opensslSigner', () => {
  it('gives 64 bytes that node:crypto verifies, with low s, many at once', async () => {
    const signer = opensslSigner(privateKey)
    const inputs = Array.from({ length: 100 }, (_, length) => randomBytes(length))
    const signatures = await Promise.all(inputs.map((input) => signer.sign(input, {})))
    for (const [at, input] of inputs.entries()) {
      const signature = signatures[at] as Uint8Array
      expect(signature).toHaveLength(64)
      const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
      expect(verify('sha256', input, key, signature)).toBe(true)
      expect(BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`) <= halfOrder).toBe(
        true,
      )
    }
  })

  it('does not sign in the thread that runs JavaScript', async () => {
    const signature = opensslSigner(privateKey).sign(Buffer.from('header.claims'), {})
    expect(signature).toBeInstanceOf(Promise)
    expect(await signature).toHaveLength(64)
  })

  it('signs tokens that partners accept, with a key in any form', async () => {
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
    for (const key of [pem, privateKey.export({ format: 'jwk' }), privateKey]) {
      const auth = createOrgidAuth({
        issuer: `${did('a')}#webserver`,
        key: opensslSigner(key),
        partners: [{ name: 'hotels', did: did('b'), origin: 'https://hotels.example' }],
      })
      const { value } = await auth.token('hotels')
      const { claims } = await verifyToken(value, { audience: did('b'), key: publicKey })
      expect(claims.aud).toBe(did('b'))
    }
  })

  it('shows its secret nowhere, and cannot be changed', () => {
    const signer = opensslSigner(privateKey)
    const { d } = privateKey.export({ format: 'jwk' })
    expect(inspect(signer, { showHidden: true, depth: 9 })).not.toContain(d)
    expect(Object.isFrozen(signer)).toBe(true)
    expect((signer.publicKey as KeyObject).type).toBe('public')
  })

  it('refuses a key that cannot sign ES256K', () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    expect(codeOf(() => opensslSigner(p256))).toBe('ERR_KEY_CURVE')
    expect(codeOf(() => opensslSigner(publicKey))).toBe('ERR_PUBLIC_KEY')
  })
})
