export type {
  PartnerAnswer,
  PartnerHandler,
  ScriptedAnswer,
  ScriptedRedirect,
} from './answers.js'
export type { PartnerServerOptions, StrangerOptions } from './options.js'
export type { KnownKeys, OrgJson, OrgJsonKey, OrgJsonMethod } from './orgjson.js'
export type { TestPartner } from './partner.js'
export {
  judge,
  judgeAuthorization,
  type PartnerProfile,
  type PartnerRules,
  type PartnerVerdict,
} from './profiles.js'
export type { RecordedRequest } from './recorded.js'
export { startPartner, startStranger } from './start.js'
