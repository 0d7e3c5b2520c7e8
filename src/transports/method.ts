/** Whether a method asks for nothing to be done (RFC 9110 9.2.1), so that it may be done twice. @internal */
export function isSafe(method: string | undefined): boolean {
  return /^(?:get|head|options)$/i.test(method ?? 'get')
}
