import { invalidOption } from '../options.js'
import {
  type PartnerServerOptions,
  type PartnerSettings,
  readPartnerOptions,
  readStrangerOptions,
  type StrangerOptions,
} from './options.js'
import { TestPartner } from './partner.js'

/**
 * Starts a partner's API on loopback, which accepts and refuses tokens as a real partner does.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION` (and if the `port` is taken), `ERR_INVALID_DID`,
 *   `ERR_INVALID_KEY`, `ERR_KEY_CURVE`
 *
 * @example
 * ```ts
 * const partner = await startPartner({
 *   did: 'did:orgid:0x…',
 *   profile: 'older',
 *   orgJson: orgJsonEntries('did:orgid:0x…#webserver', publicKey),
 * })
 * // … call partner.url('/offers') with an auth whose partner has allowLoopbackHttp …
 * partner.requests[0].claims.aud
 * await partner.close()
 * ```
 */
export async function startPartner(options: PartnerServerOptions): Promise<TestPartner> {
  return listen(readPartnerOptions(options))
}

/**
 * Starts an API that is nobody's partner: it accepts every request, with or without a token, and
 * records it. To show that no token goes where it should not.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 */
export async function startStranger(options: StrangerOptions = {}): Promise<TestPartner> {
  return listen(readStrangerOptions(options))
}

async function listen(settings: PartnerSettings): Promise<TestPartner> {
  try {
    return await TestPartner.listen(settings)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw invalidOption('port', 'a free port', 'one in use', 'Leave it out to get any free one')
  }
}
