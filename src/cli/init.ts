import { existsSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { createOrgidAuth } from '../auth.js'
import {
  type Answers,
  inItsForm,
  type NewPartner,
  partnerFrom,
  readIssuer,
  stranger,
} from './init-answers.js'
import { askForInit } from './init-questions.js'
import { CliError, type Io, type Result, usageError } from './io.js'
import { keyFiles, refuseEnding } from './keygen.js'
import { writeNewFiles } from './new-files.js'
import { loadKeyFile } from './own-config.js'
import { addCommand, type CommonOptions, collect, report, type Session } from './session.js'

interface InitOptions extends CommonOptions {
  readonly issuer?: string
  readonly partner?: readonly string[]
  readonly config: string
  readonly key?: string
  readonly keyName: string
  readonly force?: true
}

export function addInit(program: Command, session: Session): void {
  addCommand(program, {
    name: 'init',
    summary: 'write a configuration and a key, and say what comes next',
    description: `Asks for what is not given, at a terminal; elsewhere --issuer and --partner are required.
The key is not in the configuration, which only says in which file it is.`,
    examples: [
      'orgid-bearer init',
      "orgid-bearer init --issuer 'did:orgid:0x…#webserver' \\",
      '    --partner hotels,did:orgid:0x…,https://api.hotels.example',
    ],
  })
    .option('--issuer <did#fragment>', 'your ORGiD, and the name that the key is to have')
    .option('--partner <name,did,origin>', 'a partner; may be given several times', collect)
    .option('--config <file>', 'to be written', 'orgid.json')
    .option('--key <file>', 'a private key that you have already')
    .option('--key-name <name>', 'of the new key: <name>.pem and <name>.pub', 'secp256k1')
    .option('--force', 'overwrite the configuration; never a key')
    .action(async (options: InitOptions) => {
      report(session, options, await init(session.io, options))
    })
}

async function init(io: Io, options: InitOptions): Promise<Result> {
  const { config, key, force, keyName } = options
  if (!force) refuseExisting(io, config, 'Choose another name with --config, or pass --force')
  refuseEnding(keyName, '--key-name')
  if (key === undefined) {
    const remedy = 'Use it with --key, or choose another name with --key-name'
    for (const ending of ['.pem', '.pub']) refuseExisting(io, `${keyName}${ending}`, remedy)
  } else await loadKeyFile(io, key)
  const given = { issuer: options.issuer, partners: options.partner?.map(partnerFrom) }
  const answers = await complete(io, given, key !== undefined)
  const partners = answers.partners.map((partner) => inItsForm(partner, answers.issuer))
  const document = {
    issuer: answers.issuer,
    key: { file: keyPath(io, config, key ?? `${keyName}.pem`) },
    partners,
  }
  // As the library will see it: whatever is wrong is said before anything is written
  createOrgidAuth({ issuer: answers.issuer, partners, key: stranger() })
  const text = `${JSON.stringify(document, null, 2)}\n`
  const newKeys = key === undefined ? keyFiles(keyName) : []
  writeNewFiles(io, [...newKeys, { file: config, text, mode: 0o644, force: force === true }])
  return {
    json: { config, privateKey: key ?? `${keyName}.pem`, publicKey: newKeys[1]?.file, partners },
    text: [
      `${config}   the configuration`,
      ...newKeys.map(({ file }, index) =>
        index === 0
          ? `${file}   the private key; keep it on the server, out of version control`
          : `${file}   the public key`,
      ),
    ].join('\n'),
    notes: [...formNotes(partners), ...nextSteps(config)],
  }
}

function refuseExisting({ cwd }: Io, file: string, remedy: string): void {
  if (!existsSync(resolve(cwd, file))) return
  throw new CliError('ERR_FILE_EXISTS', `${file} exists, and nothing was written. ${remedy}`)
}

async function complete(
  io: Io,
  { issuer, partners }: { readonly [K in keyof Answers]: Answers[K] | undefined },
  hasKey: boolean,
): Promise<Answers> {
  if (issuer !== undefined) readIssuer(issuer, hasKey)
  if (issuer !== undefined && partners !== undefined) return { issuer, partners }
  if (io.stdin.isTTY && io.stderr.isTTY) {
    return askForInit(io, { issuer, partners }, hasKey)
  }
  const missing = [
    ...(issuer === undefined ? ["--issuer 'did:orgid:0x…#webserver'"] : []),
    ...(partners === undefined ? ['--partner name,did,origin'] : []),
  ]
  throw usageError(`init: expected ${missing.join(' and ')}, since there is no terminal to ask at`)
}

/** As configurations have it: relative to where they are. */
export function keyPath({ cwd }: Io, config: string, key: string): string {
  const path = relative(dirname(resolve(cwd, config)), resolve(cwd, key))
  return path.split('\\').join('/')
}

function formNotes(partners: readonly NewPartner[]): string[] {
  return partners.flatMap(({ name, issuer }) =>
    issuer === undefined
      ? []
      : [
          `${name} has another form of DID than you: its issuer is ${issuer}. Make sure that this is you`,
        ],
  )
}

function nextSteps(config: string): string[] {
  const flag = config === 'orgid.json' ? '' : ` --config ${config}`
  return [
    `Next: orgid-bearer register${flag} --into <your ORG.JSON>   or without --into, to see what it needs`,
    `Then: orgid-bearer check${flag} --org-json <your ORG.JSON, a file or its https URL>`,
  ]
}
