/**
 * What is used of a `PKCS11` object of [pkcs11js](https://github.com/PeculiarVentures/pkcs11js) 2,
 * loaded and initialised: PKCS #11 2.40's own functions.
 */
export interface Pkcs11Module {
  C_Initialize(options?: { flags?: number }): void
  C_Finalize(): void
  C_GetSlotList(tokenPresent?: boolean): Buffer[]
  C_GetTokenInfo(slot: Buffer): { label: string }
  C_OpenSession(slot: Buffer, flags: number): Buffer
  C_CloseSession(session: Buffer): void
  C_GetSessionInfo(session: Buffer): { state: number }
  C_Login(session: Buffer, userType: number, pin?: string): void
  C_FindObjectsInit(session: Buffer, template: Pkcs11Attribute[]): void
  C_FindObjects(session: Buffer, maxObjectCount: number): Buffer[]
  C_FindObjectsFinal(session: Buffer): void
  C_GetAttributeValue(
    session: Buffer,
    object: Buffer,
    template: Pkcs11Attribute[],
  ): { value: Buffer }[]
  C_SignInit(session: Buffer, mechanism: { mechanism: number }, key: Buffer): void
  C_SignAsync(session: Buffer, input: Buffer, output: Buffer): Promise<Buffer>
}

/** An attribute that is asked for, or to be matched. */
export interface Pkcs11Attribute {
  type: number
  value?: number | Buffer
}

/** @internal */
export const moduleFunctions: readonly (keyof Pkcs11Module)[] = [
  'C_Initialize',
  'C_Finalize',
  'C_GetSlotList',
  'C_GetTokenInfo',
  'C_OpenSession',
  'C_CloseSession',
  'C_GetSessionInfo',
  'C_Login',
  'C_FindObjectsInit',
  'C_FindObjects',
  'C_FindObjectsFinal',
  'C_GetAttributeValue',
  'C_SignInit',
  'C_SignAsync',
]

/** The numbers of pkcs11t.h that are used. @internal */
export const ck = {
  CKF_OS_LOCKING_OK: 0x2,
  CKF_SERIAL_SESSION: 0x4,
  CKU_USER: 1,
  CKS_RO_USER_FUNCTIONS: 1,
  CKS_RW_USER_FUNCTIONS: 3,
  CKO_PUBLIC_KEY: 2,
  CKO_PRIVATE_KEY: 3,
  CKK_EC: 3,
  CKA_CLASS: 0x0,
  CKA_LABEL: 0x3,
  CKA_KEY_TYPE: 0x100,
  CKA_ID: 0x102,
  CKA_SENSITIVE: 0x103,
  CKA_EXTRACTABLE: 0x162,
  CKA_EC_PARAMS: 0x180,
  CKA_EC_POINT: 0x181,
  CKA_ALWAYS_AUTHENTICATE: 0x202,
  CKM_ECDSA: 0x1041,
  CKR_ATTRIBUTE_TYPE_INVALID: 0x12,
  CKR_USER_ALREADY_LOGGED_IN: 0x100,
  CKR_CRYPTOKI_NOT_INITIALIZED: 0x190,
} as const
