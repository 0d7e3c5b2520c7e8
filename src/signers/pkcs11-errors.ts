/** The token or the key is not there at present; it was, or may come. @internal */
export class NotOnToken extends Error {}

/** The CKR number of an error of pkcs11js. @internal */
export function returnValue(error: unknown): number | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  return error instanceof Error && typeof code === 'number' ? code : undefined
}

const passing: ReadonlySet<number> = new Set([
  0x2, // CKR_HOST_MEMORY
  0x3, // CKR_SLOT_ID_INVALID
  0x5, // CKR_GENERAL_ERROR
  0x6, // CKR_FUNCTION_FAILED
  0x30, // CKR_DEVICE_ERROR
  0x31, // CKR_DEVICE_MEMORY
  0x32, // CKR_DEVICE_REMOVED
  0x50, // CKR_FUNCTION_CANCELED
  0x60, // CKR_KEY_HANDLE_INVALID
  0x82, // CKR_OBJECT_HANDLE_INVALID
  0x90, // CKR_OPERATION_ACTIVE
  0x91, // CKR_OPERATION_NOT_INITIALIZED
  0xb0, // CKR_SESSION_CLOSED
  0xb1, // CKR_SESSION_COUNT
  0xb3, // CKR_SESSION_HANDLE_INVALID
  0xe0, // CKR_TOKEN_NOT_PRESENT
  0xe1, // CKR_TOKEN_NOT_RECOGNIZED
  0x101, // CKR_USER_NOT_LOGGED_IN
  0x190, // CKR_CRYPTOKI_NOT_INITIALIZED
])

/** From here on numbers are the vendor's own: mostly what befell the line to a network HSM. */
const vendorDefined = 0x80000000

/** Whether another attempt, in a new session, can succeed. @internal */
export function isPassing(error: unknown): boolean {
  if (error instanceof NotOnToken) return true
  const code = returnValue(error)
  return code !== undefined && (passing.has(code) || code >= vendorDefined)
}

const gone: ReadonlySet<number> = new Set([
  0x30, // CKR_DEVICE_ERROR
  0x32, // CKR_DEVICE_REMOVED
  0xb0, // CKR_SESSION_CLOSED
  0xb3, // CKR_SESSION_HANDLE_INVALID
  0xe0, // CKR_TOKEN_NOT_PRESENT
  0xe1, // CKR_TOKEN_NOT_RECOGNIZED
  0x190, // CKR_CRYPTOKI_NOT_INITIALIZED
])

/** Whether the session or the token was gone, so that what was asked reached none. @internal */
export function isGone(error: unknown): boolean {
  return gone.has(returnValue(error) ?? 0)
}

const wrongPin: ReadonlySet<number> = new Set([
  0xa0, // CKR_PIN_INCORRECT
  0xa1, // CKR_PIN_INVALID
  0xa2, // CKR_PIN_LEN_RANGE
])

/** Whether this PIN is wrong whenever it is tried. @internal */
export function isWrongPin(error: unknown): boolean {
  return wrongPin.has(returnValue(error) ?? 0)
}
