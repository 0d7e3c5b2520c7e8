import fetch from 'node-fetch'
import type { OrgidAuth } from 'orgid-bearer'
import { type AuthFetch, withAuth } from 'orgid-bearer/fetch'

/**
 * node-fetch itself takes Authorization along to subdomains and to every port of a host. Wrapped, it
 * follows no redirect with a token in hand: that is done by withAuth, and ends with the partner.
 */
export function nodeFetchWithAuth(auth: OrgidAuth): AuthFetch<typeof fetch> {
  return withAuth(fetch, auth)
}
