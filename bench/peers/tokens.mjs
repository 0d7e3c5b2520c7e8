// Whole tokens as other libraries make them, with the key in the form that they are fastest with.
import { createPrivateKey } from 'node:crypto'
import { keys, tokens } from '@windingtree/org.id-auth'
import { createJWT, ES256KSigner, hexToBytes } from 'did-jwt'
import { JWK, JWT } from 'jose2'
import { SignJWT } from 'jose5'

const seconds = () => Math.floor(Date.now() / 1_000)

export function jose2(pem) {
  const key = JWK.asKey(pem)
  const options = { algorithm: 'ES256K', kid: false, header: { typ: 'JWT' } }
  return ({ issuer: iss, audience: aud }) => {
    const iat = seconds()
    return JWT.sign({ iss, aud, iat, exp: iat + 3_600 }, key, { ...options, iat: false })
  }
}

export function jose5(pem) {
  const key = createPrivateKey(pem)
  return ({ issuer: iss, audience: aud }) => {
    const iat = seconds()
    return new SignJWT({ iss, aud, iat, exp: iat + 3_600 })
      .setProtectedHeader({ alg: 'ES256K', typ: 'JWT' })
      .sign(key)
  }
}

export function didJwt(pem) {
  const { d } = createPrivateKey(pem).export({ format: 'jwk' })
  const signer = ES256KSigner(hexToBytes(Buffer.from(d, 'base64url').toString('hex')))
  return ({ issuer, audience: aud }) =>
    createJWT({ aud, exp: seconds() + 3_600 }, { issuer, signer }, { alg: 'ES256K' })
}

export async function orgIdAuth(pem) {
  const pkcs8 = createPrivateKey(pem).export({ format: 'pem', type: 'pkcs8' })
  const key = await keys.importKeyPrivatePem(pkcs8, 'ES256K')
  return ({ issuer, audience }) => tokens.createAuthJWT(key, issuer, audience)
}
