import { generateKeyPairSync, type KeyExportOptions } from 'node:crypto'
import type { Command } from 'commander'
import { passphraseIn } from '../config/text.js'
import { readText } from './files.js'
import { type Io, type Result, usageError } from './io.js'
import { type NewFile, writeNewFiles } from './new-files.js'
import { addCommand, type CommonOptions, report, type Session } from './session.js'

interface KeygenOptions extends CommonOptions {
  readonly pkcs8?: true
  readonly passphraseEnv?: string
  readonly passphraseFile?: string
  readonly force?: true
}

export function addKeygen(program: Command, session: Session): void {
  addCommand(program, {
    name: 'keygen',
    summary: 'make a key pair: <name>.pem, for you alone, and <name>.pub',
    description: `As the protocol's documentation makes it with OpenSSL:
  openssl ecparam -name secp256k1 -genkey -noout -out secp256k1.pem
  openssl ec -in secp256k1.pem -pubout -out secp256k1.pub

The private key is written with mode 0600, is never printed, and overwrites nothing.`,
    examples: [
      'orgid-bearer keygen                                  # secp256k1.pem and secp256k1.pub',
      'orgid-bearer keygen keys/webserver2 --pkcs8',
      'orgid-bearer keygen --passphrase-env KEY_PASSPHRASE  # encrypted PKCS#8',
    ],
  })
    .argument('[name]', 'of the two files, without ending', 'secp256k1')
    .option('--pkcs8', 'PKCS#8 ("PRIVATE KEY") instead of SEC1 ("EC PRIVATE KEY")')
    .option('--passphrase-env <name>', 'encrypt (PKCS#8), with the passphrase in this variable')
    .option('--passphrase-file <file>', 'encrypt (PKCS#8), with the first line of this file')
    .option('--force', 'overwrite existing files')
    .action((name: string, options: KeygenOptions) => {
      report(session, options, keygen(session.io, name, options))
    })
}

function keygen(io: Io, name: string, options: KeygenOptions): Result {
  refuseEnding(name, 'name')
  const passphrase = readPassphrase(io, options)
  const form = passphrase !== undefined ? 'encrypted' : options.pkcs8 ? 'pkcs8' : 'sec1'
  const [privateKey, publicKey] = keyFiles(name, form, passphrase)
  const force = options.force === true
  writeNewFiles(io, [
    { ...privateKey, force },
    { ...publicKey, force },
  ])
  return {
    json: { privateKey: privateKey.file, publicKey: publicKey.file, form },
    text: `${privateKey.file}   the private key (${formNames[form]}); keep it on the server, out of version control
${publicKey.file}   the public key`,
    notes: [
      `Next: orgid-bearer register --issuer 'did:orgid:0x…#webserver' --key ${publicKey.file}`,
    ],
  }
}

/** `mine.pem` for a name would be a key in `mine.pem.pem`. */
export function refuseEnding(name: string, where: string): void {
  const [, ending] = /(\.(?:pem|pub)|(?:^|[\\/])\.{0,2})$/i.exec(name) ?? []
  if (ending === undefined) return
  throw usageError(
    `${where}: expected the name of two files without their ending, such as keys/webserver2, got one that ends in "${ending}"`,
  )
}

type KeyForm = 'sec1' | 'pkcs8' | 'encrypted'

const formNames: Readonly<Record<KeyForm, string>> = {
  sec1: 'SEC1 PEM',
  pkcs8: 'PKCS#8 PEM',
  encrypted: 'encrypted PKCS#8 PEM',
}

/** A new key pair, as files that are yet to be written. */
export function keyFiles(
  name: string,
  form: KeyForm = 'sec1',
  passphrase = '',
): readonly [NewFile, NewFile] {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const encoding: Readonly<Record<KeyForm, KeyExportOptions<'pem'>>> = {
    sec1: { format: 'pem', type: 'sec1' },
    pkcs8: { format: 'pem', type: 'pkcs8' },
    encrypted: { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase },
  }
  return [
    { file: `${name}.pem`, text: privateKey.export(encoding[form]) as string, mode: 0o600 },
    {
      file: `${name}.pub`,
      text: publicKey.export({ format: 'pem', type: 'spki' }) as string,
      mode: 0o644,
    },
  ]
}

function readPassphrase(
  io: Io,
  { passphraseEnv, passphraseFile }: KeygenOptions,
): string | undefined {
  if (passphraseEnv !== undefined && passphraseFile !== undefined) {
    throw usageError('--passphrase-env, --passphrase-file: expected one of them, got both')
  }
  if (passphraseEnv !== undefined) {
    return notEmpty(io.env[passphraseEnv], '--passphrase-env', 'the variable that it names')
  }
  if (passphraseFile === undefined) return undefined
  const line = passphraseIn(readText(io, passphraseFile, '--passphrase-file'))
  return notEmpty(line, '--passphrase-file', 'the first line of that file')
}

function notEmpty(passphrase: string | undefined, option: string, source: string): string {
  if (passphrase) return passphrase
  throw usageError(`${option}: expected a passphrase, got none: ${source} is empty or not set`)
}
