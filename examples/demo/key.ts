import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'

/** A private key in PEM, and who made it. */
export interface DemoKey {
  readonly pem: string
  readonly madeBy: string
}

// An EC PARAMETERS block as OpenSSL writes it: the curve's object identifier (SEC 2, A.2.1)
const ecParameters = '-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n'

/**
 * Makes a key as the protocol's documentation tells people to. Without `-noout`, an
 * `EC PARAMETERS` block comes first, which many libraries cannot read.
 */
export function makeKey(): DemoKey {
  const args = ['ecparam', '-name', 'secp256k1', '-genkey']
  try {
    const pem = execFileSync('openssl', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return { pem, madeBy: `openssl ${args.join(' ')}` }
  } catch {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const sec1 = privateKey.export({ format: 'pem', type: 'sec1' })
    return {
      pem: `${ecParameters}${sec1}`,
      madeBy: 'node:crypto, in the form of openssl ecparam -genkey, since there is no openssl here',
    }
  }
}
