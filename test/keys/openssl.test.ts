import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { opensslIsMissing } from '../tools.js'
import {
  base64,
  body,
  expectLoads,
  expectRefused,
  lastBlock,
  mangled,
  refusal,
  scalarOf,
} from './expectations.js'

describe.skipIf(opensslIsMissing())('a key made by OpenSSL', () => {
  const generate = 'openssl ecparam -name secp256k1 -genkey'
  const makeCertificate = 'openssl req -x509 -new -key sample.pem -subj /CN=x -days 1'
  let folder: string
  let sample: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'orgid-bearer-keys-'))
    sample = run(`${generate} -noout`)
    writeFileSync(join(folder, 'sample.pem'), sample)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /**
   * Runs a command where `sample.pem` is, and on the sample as its standard input if it reads that:
   * writing to one that does not may fail.
   */
  function run(command: string, input?: string): string {
    const [file = '', ...args] = command.split(' ')
    const reads = ['ec', 'pkcs8'].includes(args[0] as string) && !args.includes('-in')
    const options = { cwd: folder, encoding: 'utf8', stdio: 'pipe' } as const
    return execFileSync(file, args, { ...options, input: reads ? (input ?? sample) : '' })
  }

  it.each<[string, string]>([
    ['ecparam -genkey, with its EC PARAMETERS block', generate],
    ['ecparam -genkey -noout', `${generate} -noout`],
    ['ecparam with explicit parameters', `${generate} -param_enc explicit`],
    ['ecparam with explicit parameters, -noout', `${generate} -noout -param_enc explicit`],
    [
      'genpkey (PKCS#8)',
      'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -pkeyopt ec_param_enc:named_curve',
    ],
    [
      'genpkey with explicit parameters',
      'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -pkeyopt ec_param_enc:explicit',
    ],
  ])('with %s loads, mangled too', (_, command) => {
    const text = run(command)
    const d = scalarOf(lastBlock(text))
    for (const mangle of Object.values(mangled)) expectLoads(mangle(text), d)
  })

  it.each<[string, string]>([
    ['a compressed point', 'openssl ec -conv_form compressed'],
    ['no public key', 'openssl ec -no_public'],
    ['explicit parameters', 'openssl ec -param_enc explicit'],
    ['PKCS#8 around it', 'openssl pkcs8 -topk8 -nocrypt'],
  ])('and converted to one with %s loads, mangled and as a bare body', (_, command) => {
    const text = run(command)
    for (const mangle of Object.values(mangled)) expectLoads(mangle(text), scalarOf(sample))
    expectLoads(body(text), scalarOf(sample))
  })

  it.each<[string, string]>([
    ['openssl ec -aes256', 'openssl ec -aes256 -passout pass:sesame'],
    ['openssl ec -aes-128-cbc', 'openssl ec -aes-128-cbc -passout pass:sesame'],
    ['openssl ec -des3', 'openssl ec -des3 -passout pass:sesame'],
    ['openssl pkcs8 -topk8', 'openssl pkcs8 -topk8 -passout pass:sesame'],
    ['openssl pkcs8 -scrypt', 'openssl pkcs8 -topk8 -scrypt -passout pass:sesame'],
    ['openssl pkcs8 with PBES1', 'openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:sesame'],
    ['openssl pkcs8 -v2 des3', 'openssl pkcs8 -topk8 -v2 des3 -passout pass:sesame'],
    ['openssl pkcs8 -v2 camellia256', 'openssl pkcs8 -topk8 -v2 camellia256 -passout pass:sesame'],
    [
      'openssl pkcs8 -v2 aes-256-ofb, which has no padding',
      'openssl pkcs8 -topk8 -v2 aes-256-ofb -passout pass:sesame',
    ],
    [
      'openssl pkcs8 with SHA-512 and 100000 iterations',
      'openssl pkcs8 -topk8 -v2 aes256 -v2prf hmacWithSHA512 -iter 100000 -passout pass:sesame',
    ],
    ['openssl ec -aria256', 'openssl ec -aria256 -passout pass:sesame'],
    [
      'openssl ec -aes-256-ctr, which has no padding',
      'openssl ec -aes-256-ctr -passout pass:sesame',
    ],
  ])('and encrypted by %s loads with its passphrase alone', (_, command) => {
    const key = run(command)
    for (const mangle of [
      (text: string) => text,
      base64,
      (text: string) => text.replaceAll('\n', '\\n'),
    ])
      expectLoads({ key: mangle(key), passphrase: 'sesame' }, scalarOf(sample))
    expectRefused(key, 'ERR_ENCRYPTED_KEY', /no passphrase came with it; pass \{ key, pass/)
    expectRefused({ key, passphrase: 'Sesame' }, 'ERR_ENCRYPTED_KEY', /does not open it/)
    expectRefused({ key, passphrase: '' }, 'ERR_ENCRYPTED_KEY', /does not open it/)
  })

  const retired = '-provider legacy -provider default -passout pass:sesame'
  it.each<[string, string]>([
    ['PBES1 with DES', `openssl pkcs8 -topk8 -v1 PBE-MD5-DES ${retired}`],
    ['PBES1 with RC2', `openssl pkcs8 -topk8 -v1 PBE-SHA1-RC2-40 ${retired}`],
    ['PBES1 with RC4', `openssl pkcs8 -topk8 -v1 PBE-SHA1-RC4-128 ${retired}`],
    ['PBES2 with DES', `openssl pkcs8 -topk8 -v2 des ${retired}`],
    ['SEC1 with DES', `openssl ec -des ${retired}`],
    ['SEC1 with Blowfish', `openssl ec -bf ${retired}`],
  ])('and encrypted by %s is refused with a command that helps', (_, command) => {
    const key = run(command)
    expectRefused(key, 'ERR_ENCRYPTED_KEY', /no passphrase came with it/)
    expectRefused(
      { key, passphrase: 'sesame' },
      'ERR_ENCRYPTED_KEY',
      /DES or RC2; encrypt it again/,
    )

    const { message } = refusal({ key, passphrase: 'sesame' })
    const remedy = message.slice(message.indexOf('openssl pkcs8'))
    writeFileSync(join(folder, 'old.pem'), key)
    run(`${remedy} -passin pass:sesame -passout pass:sesame`)
    const again = readFileSync(join(folder, 'new.pem'), 'utf8')
    expectLoads({ key: again, passphrase: 'sesame' }, scalarOf(sample))
  })

  it('and encrypted with a passphrase of other letters, or an empty one, loads with that', () => {
    for (const passphrase of ['пароль', '', 'with "quotes", \\n and 8 more']) {
      writeFileSync(join(folder, 'passphrase'), `${passphrase}\n`)
      for (const command of ['openssl pkcs8 -topk8', 'openssl ec -aes256'].slice(
        0,
        // legacy encryption takes no passphrase of fewer than four characters
        passphrase.length < 4 ? 1 : 2,
      )) {
        const key = run(`${command} -passout file:passphrase`)
        expectLoads({ key, passphrase }, scalarOf(sample))
        expectRefused(
          { key, passphrase: `${passphrase} ` },
          'ERR_ENCRYPTED_KEY',
          /does not open it/,
        )
      }
    }
  })

  it('and encrypted, of another curve, is told apart from a wrong passphrase', () => {
    const p256 = run('openssl ecparam -name prime256v1 -genkey -noout')
    const key = run('openssl pkcs8 -topk8 -passout pass:sesame', p256)
    expectRefused({ key, passphrase: 'sesame' }, 'ERR_KEY_CURVE', /prime256v1/)
    expectRefused({ key, passphrase: 'Sesame' }, 'ERR_ENCRYPTED_KEY', /does not open it/)
  })

  it('and damaged where it is encrypted is refused as either of the two', () => {
    const key = run('openssl pkcs8 -topk8 -passout pass:sesame')
    for (const cut of [4, 40, 80]) {
      const damaged = `${key.slice(0, key.indexOf('\n-----END') - cut)}\n-----END ENCRYPTED PRIVATE KEY-----\n`
      expectRefused(
        { key: damaged, passphrase: 'sesame' },
        'ERR_ENCRYPTED_KEY',
        /does not open it: that is wrong, or the key is damaged/,
      )
    }
  })

  it('and described by openssl ec -text loads where the PEM is below, and not without', () => {
    expectLoads(run('openssl ec -text'), scalarOf(sample))
    expectRefused(run('openssl ec -text -noout'), 'ERR_INVALID_KEY', /expected a secp256k1 private/)
  })

  it('and cut after any character is refused, in its lines and on one', () => {
    for (const text of [sample, run('openssl pkcs8 -topk8 -nocrypt')])
      for (const form of [text, text.replaceAll('\n', ''), text.replaceAll('\n', '\\n')]) {
        const end = form.lastIndexOf('-----') + 5
        for (let length = 1; length < end; length += 1)
          expectRefused(
            form.slice(0, length),
            'ERR_INVALID_KEY',
            /expected a secp256k1 private key/,
          )
      }
  })

  it('and still encrypted in what comes back from PKCS#12 loads with its passphrase', () => {
    writeFileSync(join(folder, 'certificate.pem'), run(makeCertificate))
    run(
      'openssl pkcs12 -export -inkey sample.pem -in certificate.pem -passout pass:x -out bundle.p12',
    )
    const key = run('openssl pkcs12 -in bundle.p12 -passin pass:x -passout pass:sesame')
    expect(key).toMatch(/Bag Attributes.*BEGIN CERTIFICATE.*BEGIN ENCRYPTED PRIVATE KEY/s)
    for (const mangle of Object.values(mangled))
      expectLoads({ key: mangle(key), passphrase: 'sesame' }, scalarOf(sample))
    const bundle = readFileSync(join(folder, 'bundle.p12')).toString('base64')
    expectRefused(bundle, 'ERR_INVALID_KEY', /base64 that holds no key/)
  })

  it('with explicit parameters that are not those of secp256k1 is refused', () => {
    // another base point (2G), and another order: what CVE-2020-0601 was about
    const generator = /79be667ef9dcbbac.{48}483ada7726a3c465.{48}/
    const twice =
      'c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee51ae168fea63dc339a3c58419466ceaeef7f632653266d0e1236431a950cfe52a'
    const der = Buffer.from(body(run('openssl ec -param_enc explicit')), 'base64').toString('hex')
    const changed = [
      der.replace(generator, twice),
      der.replace('bfd25e8cd0364141', 'bfd25e8cd0364143'),
    ]
    for (const hex of changed) {
      expect(hex).not.toBe(der)
      const text = Buffer.from(hex, 'hex').toString('base64')
      expectRefused(text, 'ERR_KEY_CURVE', /parameters of its own\. Generate/)
    }
  })

  it('and brought back from PKCS#12 loads, with bag attributes and certificate around it', () => {
    writeFileSync(join(folder, 'certificate.pem'), run(makeCertificate))
    run(
      'openssl pkcs12 -export -inkey sample.pem -in certificate.pem -passout pass:x -out bundle.p12',
    )
    const text = run('openssl pkcs12 -in bundle.p12 -nodes -passin pass:x')
    expect(text).toMatch(/Bag Attributes.*BEGIN CERTIFICATE.*BEGIN PRIVATE KEY/s)
    for (const mangle of Object.values(mangled)) expectLoads(mangle(text), scalarOf(sample))
  })

  it.each<[string, string, string, RegExp]>([
    ['is a public key', 'openssl ec -pubout', 'ERR_PUBLIC_KEY', /"PUBLIC KEY".*ORG\.JSON/],
    [
      'is a compressed public key',
      'openssl ec -pubout -conv_form compressed',
      'ERR_PUBLIC_KEY',
      /ORG\.JSON/,
    ],
    [
      'is a request for a certificate',
      'openssl req -new -key sample.pem -subj /CN=x',
      'ERR_PUBLIC_KEY',
      /"CERTIFICATE REQUEST"/,
    ],
    ['is a certificate', makeCertificate, 'ERR_PUBLIC_KEY', /"CERTIFICATE".*ORG\.JSON/],
    [
      'is of P-256',
      'openssl ecparam -name prime256v1 -genkey',
      'ERR_KEY_CURVE',
      /prime256v1.*openssl ecparam -name secp256k1/,
    ],
    [
      'is of P-256 with explicit parameters',
      'openssl ecparam -name prime256v1 -genkey -param_enc explicit',
      'ERR_KEY_CURVE',
      /prime256v1.*openssl ecparam -name secp256k1/,
    ],
    [
      'is of secp256r1’s neighbour secp384r1',
      'openssl ecparam -name secp384r1 -genkey',
      'ERR_KEY_CURVE',
      /secp384r1/,
    ],
    [
      'is an RSA key',
      'openssl genpkey -algorithm RSA',
      'ERR_KEY_CURVE',
      /type rsa.*openssl ecparam/,
    ],
    ['is an Ed25519 key', 'openssl genpkey -algorithm ed25519', 'ERR_KEY_CURVE', /ed25519/],
    [
      'is of a binary curve',
      'openssl ecparam -name sect283k1 -genkey',
      'ERR_KEY_CURVE',
      /sect283k1/,
    ],
    [
      'is of a binary curve with explicit parameters',
      'openssl ecparam -name sect283k1 -genkey -param_enc explicit',
      'ERR_KEY_CURVE',
      /sect283k1/,
    ],
    ['is of SM2', 'openssl ecparam -name SM2 -genkey -noout', 'ERR_KEY_CURVE', /openssl ecparam/],
  ])('that %s is refused, mangled too, and so is its body', (_, command, code, message) => {
    const text = run(command)
    for (const [name, mangle] of Object.entries(mangled)) {
      // a public key before a private one is no mistake
      if (name === 'after its public key' && code === 'ERR_PUBLIC_KEY') continue
      expectRefused(mangle(text), code, message)
    }
    if (text.includes('REQUEST')) return // its body has no name
    expectRefused(body(lastBlock(text)), code, /ORG\.JSON|openssl ecparam -name secp256k1/)
  })
})
