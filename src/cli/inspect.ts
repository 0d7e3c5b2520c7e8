import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { parseDid } from '../did.js'
import { isOrgidAuthError } from '../errors.js'
import { decodeJws } from '../jws.js'
import { loadPublicKey } from '../keys/public.js'
import { decodeLoosely, isSignedBy, type LooseJwt } from '../testing/decode.js'
import type { KnownKeys } from '../testing/index.js'
import { judgeByAll, kinds, type Verdict } from './acceptance.js'
import { readAnyPublicKey } from './any-key.js'
import { readText } from './files.js'
import { CliError, type Io, type Result, readStdin, usageError } from './io.js'
import { keysNamed } from './orgjson-keys.js'
import { readOrgJson } from './orgjson-read.js'
import { orgJsonOption, readOrgJsonText } from './orgjson-source.js'
import { loadOwnConfig } from './own-config.js'
import { addCommand, type CommonOptions, report, type Session } from './session.js'
import { columns, type Style, styleFor, wrap } from './terminal.js'
import { describeToken } from './token-words.js'

interface InspectOptions extends CommonOptions {
  readonly key?: string
  readonly orgJson?: string
  readonly config?: string
  readonly audience?: string
}

export function addInspect(program: Command, session: Session): void {
  addCommand(program, {
    name: 'inspect',
    summary: 'what a token says, whether its signature is right, and who would accept it',
    description: `Reads the token from stdin, so that it need not be in your shell's history; "Bearer" or a whole
header line before it does not matter. Nothing is sent anywhere, but for an https --org-json.
The signature is checked with --key, --org-json or --config; the token is not printed again.
Exit code 1 if it is no JWT, or its signature is wrong.`,
    examples: [
      'pbpaste | orgid-bearer inspect',
      'orgid-bearer token hotels | orgid-bearer inspect --org-json org.json',
      'orgid-bearer inspect token.txt --key secp256k1.pub --audience did:orgid:0x…',
    ],
  })
    .argument('[source]', 'a file, - for stdin, or the token itself', '-')
    .option('--key <file>', 'the key that should have signed it, public or private')
    .option(...orgJsonOption)
    .option('--config <file>', 'check with the key of this configuration')
    .option('--audience <did>', 'the partner that is to accept it (default: the one it addresses)')
    .action(async (source: string, options: InspectOptions) => {
      report(session, options, await inspect(session.io, source, options))
    })
}

async function inspect(io: Io, source: string, options: InspectOptions): Promise<Result> {
  if (options.audience !== undefined) parseDid(options.audience, '--audience')
  const token = await readToken(io, source)
  const jwt = decodeLoosely(token)
  if (jwt === undefined) throw new CliError('ERR_FILE', whyNotJwt(token))
  const keys = await readKeys(io, options, String(jwt.claims.iss))
  const now = io.now()
  const signature = judgeSignature(jwt, keys)
  const verdicts = judgeByAll(token, { keys, audience: options.audience, now })
  const form = formOf(token)
  const style = styleFor(io)
  const rows = [
    ...describeToken(jwt, now),
    ...(form === undefined ? [] : [['form', wrap(form, 80)]]),
    ['signature', signatureWords[signature]],
  ]
  return {
    json: {
      header: jwt.header,
      claims: jwt.claims,
      ...(form !== undefined && { malformed: form }),
      signature,
      partners: verdicts.map((verdict) => ({ ...verdict, name: kinds[verdict.kind] })),
    },
    text: [
      ...columns(rows.map(([name = '', words = '']) => [style.cyan(name), words])),
      '',
      'Would a partner accept it?',
      ...table(verdicts, style),
    ].join('\n'),
    failed: signature === 'wrong' || signature === 'no key',
  }
}

/** What is known of the signature. */
type SignatureVerdict = 'good' | 'wrong' | 'no key' | 'unchecked'

const signatureWords: Readonly<Record<SignatureVerdict, string>> = {
  good: 'good, it is of the given key',
  wrong: 'WRONG: the token was altered, or signed with another key than the given one',
  'no key': 'not checked: the ORG.JSON has no such key under the fragment of iss',
  unchecked: 'not checked: give --key, --org-json or --config',
}

function judgeSignature(jwt: LooseJwt, keys: KnownKeys | undefined): SignatureVerdict {
  if (keys === undefined) return 'unchecked'
  const candidates =
    'publicKey' in keys
      ? [loadPublicKey(keys.publicKey)]
      : [keys.orgJson].flat().flatMap((document) => keysNamed(document, String(jwt.claims.iss)))
  if (candidates.length === 0) return 'no key'
  return candidates.some((key) => isSignedBy(key, jwt)) ? 'good' : 'wrong'
}

function table(verdicts: readonly Verdict[], style: Style): string[] {
  return columns(
    verdicts.map(({ kind, accepted, reason }) => [
      kinds[kind],
      accepted === true
        ? style.green('yes')
        : accepted === false
          ? style.red('no')
          : style.yellow('yes, if the signature is right'),
      wrap(reason ?? '', 60),
    ]),
  )
}

/** What RFC 7515 objects to in a token that partners, who are lenient, decode all the same. */
function formOf(token: string): string | undefined {
  try {
    decodeJws(token)
    return undefined
  } catch (error) {
    if (isOrgidAuthError(error)) return error.message
    throw error
  }
}

async function readToken(io: Io, source: string): Promise<string> {
  const text = await readSource(io, source)
  const token = text
    .trim()
    .replace(/^authorization:\s*/i, '')
    .replace(/^bearer\s+/i, '')
  if (token !== '') return token
  throw usageError('token: expected one on stdin, in a file or as the argument, got nothing')
}

async function readSource(io: Io, source: string): Promise<string> {
  if (source !== '-') {
    const isToken = source.split('.').length === 3 && !existsSync(resolve(io.cwd, source))
    return isToken ? source : readText(io, source, 'source')
  }
  if (io.stdin.isTTY) io.stderr.write('Paste the token, then Enter and Ctrl-D:\n')
  return readStdin(io)
}

/** The message of the strict decoder, which says what to do and quotes nothing. */
function whyNotJwt(token: string): string {
  return formOf(token) ?? 'token: expected a JWT, got something else'
}

async function readKeys(
  io: Io,
  options: InspectOptions,
  issuer: string,
): Promise<KnownKeys | undefined> {
  const { key, orgJson, config } = options
  if ([key, orgJson, config].filter((one) => one !== undefined).length > 1) {
    throw usageError('--key: expected one of --key, --org-json and --config, got several')
  }
  if (key !== undefined) return { publicKey: readAnyPublicKey(io, key) }
  if (orgJson !== undefined) {
    return { orgJson: readOrgJson(await readOrgJsonText(io, orgJson), orgJson).document }
  }
  if (config === undefined) return undefined
  // Of several keys the one that the token names; what is signed with a key of another name is wrong
  const { keys } = (await loadOwnConfig(io, { config })).configuration
  const named = keys.find(({ id }) => issuer.endsWith(`#${id}`)) ?? keys[0]
  return named && { publicKey: named.signer.publicKey }
}
