import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PrivateKeyInput } from '../../src/keys/load.js'
import type { Signer } from '../../src/signers/signer.js'
import { python, pythonArgs } from '../tools.js'

/** A private key as someone holds it, and its public half as other tools give it. */
export interface KeyForm {
  readonly name: string
  readonly key: PrivateKeyInput | Signer
  readonly publicKey: KeyObject
}

/** Every form of the wire format's list, of keys that OpenSSL and python-ecdsa make. */
export function makeKeyForms(): readonly KeyForm[] {
  const folder = mkdtempSync(join(tmpdir(), 'orgid-bearer-forms-'))
  try {
    return [...opensslForms(folder), ...textForms(folder), ...pythonForms()]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @param input only for a command that reads it: writing to one that does not may fail. */
function openssl(folder: string, command: string, input = ''): string {
  const options = { cwd: folder, input, encoding: 'utf8', stdio: 'pipe' } as const
  return execFileSync('openssl', command.split(' '), options)
}

/** @param publicPem what OpenSSL itself says is the public half. */
function form(name: string, key: PrivateKeyInput | Signer, publicPem: string): KeyForm {
  return { name, key, publicKey: createPublicKey(publicPem) }
}

const generate = 'ecparam -name secp256k1 -genkey'

function opensslForms(folder: string): KeyForm[] {
  const made = (name: string, command: string) => {
    const key = openssl(folder, command)
    return form(name, key, openssl(folder, 'ec -pubout', key.slice(key.lastIndexOf('-----BEGIN'))))
  }
  const sample = openssl(folder, `${generate} -noout`)
  const publicPem = openssl(folder, 'ec -pubout', sample)
  const turned = (name: string, command: string, passphrase?: string) => {
    const key = openssl(folder, command, sample)
    return form(name, passphrase === undefined ? key : { key, passphrase }, publicPem)
  }
  writeFileSync(join(folder, 'sample.pem'), sample)
  const certificate = openssl(folder, 'req -x509 -new -key sample.pem -subj /CN=x -days 1')
  writeFileSync(join(folder, 'certificate.pem'), certificate)
  openssl(
    folder,
    'pkcs12 -export -inkey sample.pem -in certificate.pem -passout pass:x -out bundle.p12',
  )
  return [
    made('OpenSSL, `ecparam -genkey -noout`', `${generate} -noout`),
    made('OpenSSL, `ecparam -genkey`, with `EC PARAMETERS`', generate),
    made('OpenSSL, explicit parameters', `${generate} -noout -param_enc explicit`),
    turned('OpenSSL, PKCS#8', 'pkcs8 -topk8 -nocrypt'),
    turned('OpenSSL, encrypted PKCS#8', 'pkcs8 -topk8 -passout pass:sesame', 'sesame'),
    turned('OpenSSL, encrypted SEC1', 'ec -aes256 -passout pass:sesame', 'sesame'),
    turned('OpenSSL, without the public key', 'ec -no_public'),
    form(
      'OpenSSL, from PKCS#12, bag attributes',
      openssl(folder, 'pkcs12 -in bundle.p12 -nodes -passin pass:x'),
      publicPem,
    ),
  ]
}

function textForms(folder: string): KeyForm[] {
  const pem = openssl(folder, `${generate} -noout`)
  const publicPem = openssl(folder, 'ec -pubout', pem)
  const object = createPrivateKey(pem)
  const jwk = object.export({ format: 'jwk' })
  const { x: _x, y: _y, ...bareJwk } = jwk
  const hex = Buffer.from(jwk.d as string, 'base64url').toString('hex')
  const own: Signer = {
    alg: 'ES256K',
    publicKey: publicPem,
    sign: async (input) => sign('sha256', input, { key: object, dsaEncoding: 'ieee-p1363' }),
  }
  const forms: [string, PrivateKeyInput | Signer][] = [
    ['PEM with CRLF', pem.replaceAll('\n', '\r\n')],
    ['PEM with a byte order mark', `\uFEFF${pem}`],
    ['PEM, `\\n` as two characters', pem.replaceAll('\n', '\\n')],
    ['PEM on one line', pem.replaceAll('\n', ' ')],
    ['PEM, indented', pem.replaceAll(/^/gm, '    ')],
    ['PEM in base64', Buffer.from(pem).toString('base64')],
    ['PEM without its lines of dashes', pem.replace(/-----[^-]+-----|\s/g, '')],
    ['JWK', jwk],
    ['JWK as text', JSON.stringify(jwk)],
    ['JWK, `P-256K`', { ...jwk, crv: 'P-256K' }],
    ['JWK without x and y', bareJwk],
    ['64 hex digits', hex],
    ['64 hex digits after `0x`', `0x${hex}`],
    ['`KeyObject`', object],
    ['a `Signer` of your own', own],
  ]
  return forms.map(([name, key]) => form(name, key, publicPem))
}

/** As the source document makes them. */
function pythonForms(): KeyForm[] {
  const script = `
import ecdsa, json
key = ecdsa.SigningKey.generate(curve=ecdsa.SECP256k1)
pem = lambda **options: key.to_pem(**options).decode("ascii")
print(json.dumps({
  "public": key.verifying_key.to_pem().decode("ascii"),
  "python-ecdsa, \`to_pem()\`": pem(),
  "python-ecdsa, explicit parameters": pem(curve_parameters_encoding="explicit"),
  "python-ecdsa, PKCS#8": pem(format="pkcs8"),
  "python-ecdsa, \`to_string().hex()\`": key.to_string().hex(),
}))`
  const output = execFileSync(python, [...pythonArgs, '-c', script], { encoding: 'utf8' })
  const { public: publicPem, ...forms } = JSON.parse(output) as Record<string, string>
  return Object.entries(forms).map(([name, key]) => form(name, key, publicPem as string))
}
