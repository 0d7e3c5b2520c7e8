import ky, { type KyInstance } from 'ky'
import type { OrgidAuth } from 'orgid-bearer'
import { withAuth } from 'orgid-bearer/fetch'

/** A ky instance; its own `timeout` and `signal` also end the wait for a token. */
export function kyWithAuth(auth: OrgidAuth): KyInstance {
  return ky.create({ fetch: withAuth(fetch, auth) })
}
