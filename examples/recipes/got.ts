import got, { type BeforeRequestHook, type Got } from 'got'
import type { OrgidAuth } from 'orgid-bearer'

/** A got instance; its `beforeRequest` hook runs for each hop of a redirect and for each retry. */
export function gotWithAuth(auth: OrgidAuth): Got {
  const beforeRequest: BeforeRequestHook = async ({ url, headers, context }) => {
    // Ours, of the hop or the try before this one: got itself would take it along
    if (headers.authorization === context.orgid) delete headers.authorization
    if (headers.authorization !== undefined) return
    const authorization = await auth.authorization(String(url))
    if (authorization !== undefined) headers.authorization = authorization
    context.orgid = authorization
  }
  return got.extend({ hooks: { beforeRequest: [beforeRequest] } })
}
