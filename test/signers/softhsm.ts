import { execFileSync } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import type { Pkcs11Attribute, Pkcs11Module } from 'orgid-bearer/signers/pkcs11'
import { loadPublicKey } from '../../src/keys/public.js'
import { pkcs11js } from '../tools.js'

/** What the tests use of pkcs11js beyond what the signer does; its own types are in types.test-d.ts. */
export interface Pkcs11 extends Pkcs11Module {
  load(library: string): void
  close(): void
  C_CloseAllSessions(slot: Buffer): void
  C_Logout(session: Buffer): void
  C_GenerateKeyPair(
    session: Buffer,
    mechanism: { mechanism: number; parameter?: Buffer },
    publicTemplate: Attribute[],
    privateTemplate: Attribute[],
  ): { publicKey: Buffer; privateKey: Buffer }
  C_DestroyObject(session: Buffer, object: Buffer): void
}

type Attribute = Omit<Pkcs11Attribute, 'value'> & { value: number | boolean | string | Buffer }
type Constants = Readonly<
  Record<
    | `CKF_${'OS_LOCKING_OK' | 'SERIAL_SESSION' | 'RW_SESSION'}`
    | `CKM_${'EC' | 'RSA_PKCS'}_KEY_PAIR_GEN`
    | `CKA_${'TOKEN' | 'LABEL' | 'ID' | 'VERIFY' | 'MODULUS_BITS' | 'EC_PARAMS' | 'EC_POINT'}`
    | `CKA_${'CLASS' | 'PRIVATE' | 'SENSITIVE' | 'EXTRACTABLE' | 'ALWAYS_AUTHENTICATE' | 'SIGN'}`
    | 'CKU_USER'
    | 'CKO_PUBLIC_KEY',
    number
  >
>

/** What a new key pair is like. */
interface NewKey {
  readonly label: string
  readonly id?: Buffer
  readonly kind?: 'secp256k1' | 'P-256' | 'RSA'
  readonly extractable?: boolean
  readonly alwaysAuthenticate?: boolean
}

/** A SoftHSM with one token, and on it one secp256k1 key that cannot leave it. */
export interface SoftHsm {
  readonly pkcs11: Pkcs11
  /** The token's label. */
  readonly token: string
  readonly slot: Buffer
  readonly pin: string
  /** The key's label; its id is 01. */
  readonly label: string
  readonly publicKey: KeyObject
  /** Takes the token away. SoftHSM does not find it again until it is initialised anew. */
  remove(): void
  /** Puts it back. */
  restore(): void
  newKey(key: NewKey): KeyObject | undefined
  /** Both halves, or the public one alone. */
  destroyKey(label: string, half?: 'public'): void
  /** Ends it, and removes what it wrote. */
  close(): void
}

const libraries = [
  process.env.SOFTHSM2_LIBRARY ?? '',
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
]

/**
 * Starts SoftHSM in this process, where there can be but one at a time. `SOFTHSM2_LIBRARY` says
 * where it is, if that is no usual place.
 */
export function softHsm(): SoftHsm {
  // SoftHSM calls getenv, which sees what a process sets, and not what its threads do
  if (!isMainThread) throw new Error('SoftHSM needs a process of its own: run vitest with forks')
  const library = libraries.find((path) => existsSync(path))
  if (library === undefined) throw new Error('SOFTHSM2_LIBRARY: expected the path of libsofthsm2')

  const folder = mkdtempSync(join(tmpdir(), 'softhsm-'))
  const [tokens, removed] = [join(folder, 'tokens'), join(folder, 'removed')]
  const config = join(folder, 'softhsm2.conf')
  mkdirSync(tokens)
  writeFileSync(config, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`)
  process.env.SOFTHSM2_CONF = config
  const [token, pin, label] = ['orgid', 'hSm7-pIn-4f1c', 'webserver']
  const init = ['--init-token', '--free', '--label', token, '--so-pin', 'so-pin', '--pin', pin]
  execFileSync('softhsm2-util', init, { env: { ...process.env, SOFTHSM2_CONF: config } })

  const { PKCS11, ...ck } = createRequire(import.meta.url)(pkcs11js) as Constants & {
    readonly PKCS11: new () => Pkcs11
  }
  const pkcs11 = new PKCS11()
  pkcs11.load(library)
  pkcs11.C_Initialize({ flags: ck.CKF_OS_LOCKING_OK })
  const slot = pkcs11
    .C_GetSlotList(true)
    .find((candidate) => pkcs11.C_GetTokenInfo(candidate).label.trimEnd() === token) as Buffer

  /** Runs in a session of its own, which is closed, and with it the login. */
  const inSession = <T>(work: (session: Buffer) => T): T => {
    const session = pkcs11.C_OpenSession(slot, ck.CKF_SERIAL_SESSION | ck.CKF_RW_SESSION)
    try {
      pkcs11.C_Login(session, ck.CKU_USER, pin)
    } catch (error) {
      if ((error as Error).message !== 'CKR_USER_ALREADY_LOGGED_IN') throw error
    }
    try {
      return work(session)
    } finally {
      pkcs11.C_CloseSession(session)
    }
  }

  const newKey = (key: NewKey) =>
    inSession((session) => {
      const { kind = 'secp256k1', extractable = false, alwaysAuthenticate = false } = key
      const name = [
        { type: ck.CKA_TOKEN, value: true },
        { type: ck.CKA_LABEL, value: key.label },
        { type: ck.CKA_ID, value: key.id ?? Buffer.alloc(0) },
      ]
      const pair = pkcs11.C_GenerateKeyPair(
        session,
        { mechanism: kind === 'RSA' ? ck.CKM_RSA_PKCS_KEY_PAIR_GEN : ck.CKM_EC_KEY_PAIR_GEN },
        [
          ...name,
          { type: ck.CKA_VERIFY, value: true },
          kind === 'RSA'
            ? { type: ck.CKA_MODULUS_BITS, value: 2048 }
            : { type: ck.CKA_EC_PARAMS, value: Buffer.from(oids[kind], 'hex') },
        ],
        [
          ...name,
          { type: ck.CKA_PRIVATE, value: true },
          { type: ck.CKA_SENSITIVE, value: true },
          { type: ck.CKA_EXTRACTABLE, value: extractable },
          { type: ck.CKA_ALWAYS_AUTHENTICATE, value: alwaysAuthenticate },
          { type: ck.CKA_SIGN, value: true },
        ],
      )
      if (kind !== 'secp256k1') return undefined
      const wanted = [{ type: ck.CKA_EC_POINT }]
      const [point] = pkcs11.C_GetAttributeValue(session, pair.publicKey, wanted)
      // Behind the head of its OCTET STRING
      return loadPublicKey(point?.value.subarray(2) as Buffer)
    })

  const destroyKey: SoftHsm['destroyKey'] = (of, half) =>
    inSession((session) => {
      const publicOnly = half === 'public' ? [{ type: ck.CKA_CLASS, value: ck.CKO_PUBLIC_KEY }] : []
      const label = { type: ck.CKA_LABEL, value: Buffer.from(of) }
      pkcs11.C_FindObjectsInit(session, [label, ...publicOnly])
      const found = pkcs11.C_FindObjects(session, 10)
      pkcs11.C_FindObjectsFinal(session)
      for (const object of found) pkcs11.C_DestroyObject(session, object)
    })

  return {
    pkcs11,
    token,
    slot,
    pin,
    label,
    publicKey: newKey({ label, id: Buffer.from([1]) }) as KeyObject,
    remove: () => renameSync(tokens, removed),
    restore: () => renameSync(removed, tokens),
    newKey,
    destroyKey,
    close: () => {
      try {
        pkcs11.C_Finalize()
      } catch {
        // Finalised already, where it was to be initialised without its tokens
      }
      pkcs11.close()
      delete process.env.SOFTHSM2_CONF
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** CKA_EC_PARAMS: the DER of an object identifier. */
const oids = { secp256k1: '06052b8104000a', 'P-256': '06082a8648ce3d030107' }
