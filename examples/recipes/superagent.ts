import type { OrgidAuth } from 'orgid-bearer'
import type { Plugin, SuperAgentRequest } from 'superagent'

/**
 * A plugin: `superagent.get(url).use(plugin)`. superagent calls `end` anew for each hop of a
 * redirect. `pipe` wants the token at hand: call `auth.prepare()` first if your signer is remote.
 */
export function superagentPlugin(auth: OrgidAuth): Plugin {
  return (request: SuperAgentRequest) => {
    const end = request.end.bind(request)
    let ours: string | undefined
    let isAborted = false
    request.once('abort', () => {
      isAborted = true
    })
    request.end = (callback) => {
      const fail = (error: unknown) => callback?.(error, undefined as never)
      const send = (authorization: string | undefined) => {
        if (isAborted) return
        ours = authorization
        // In lower case, as superagent has it after a redirect: `unset` minds the case
        if (authorization !== undefined) request.set('authorization', authorization)
        end(callback)
      }
      if (ours !== undefined && request.get('authorization') === ours)
        request.unset('authorization')
      if (request.get('authorization') !== undefined) return end(callback)
      try {
        const authorization = auth.authorization(request.url)
        if (authorization instanceof Promise) authorization.then(send).catch(fail)
        else send(authorization)
      } catch (error) {
        fail(error)
      }
    }
  }
}
