import { replaceText } from './files.js'
import { CliError, type Io, type Result } from './io.js'
import { forms } from './orgjson-facts.js'
import type { OwnConfig } from './own-config.js'
import { withoutKeys } from './rotate-config.js'
import { finish, type RotateOptions, readEditable, readInto, register } from './rotate-files.js'
import { formsWithout, isPublished, type Rotation, refuseEarly } from './rotate-state.js'

/** Takes the keys that have signed before out of the configuration, and revokes them in ORG.JSON. */
export function retireKeys(
  io: Io,
  own: OwnConfig,
  { active, next, older, retireFrom }: Rotation,
  options: RotateOptions,
): Result {
  const now = io.now()
  const ids = older.map(({ id }) => id)
  if (ids.length === 0) {
    const why = next === undefined ? 'no other is there' : `#${next.id} does not sign yet`
    throw new CliError(
      'ERR_ROTATION',
      `retire: expected a key that has signed before #${active.id}, got none: ${why}. See orgid-bearer rotate`,
    )
  }
  if (!options.now) {
    refuseEarly('retire', retireFrom, now, 'A token of the old key may be in use until then')
  }
  const { file, text } = readEditable(io, own.config)
  const edited = withoutKeys(text, ids, file)
  const orgJson = options.into === undefined ? undefined : readInto(io, options.into)
  const missing = orgJson ? formsWithout(active.id, older, orgJson.document) : []
  if (!options.now && orgJson && missing.length > 0) {
    const arrays = missing.map((form) => forms[form].array).join(' and ')
    throw new CliError(
      'ERR_ROTATION',
      `retire: expected ${orgJson.file} to have #${active.id}, which signs now, in ${arrays}, got none of that name there: partners that read it cannot know the key, and take the old one alone. Register it (orgid-bearer register --into ${orgJson.file}), publish that, and wait; --now goes on all the same`,
    )
  }
  const there = ids.filter((id) => orgJson && isPublished(id, orgJson.document))
  const registered =
    orgJson &&
    register(
      own,
      orgJson,
      {
        fragment: active.id,
        key: active.signer.publicKey,
        replaces: there,
        reason: options.reason,
      },
      now,
    )

  // In this order: while the configuration has the old key, this can be run again
  if (orgJson && registered && registered.text !== orgJson.text) {
    replaceText(io, orgJson.file, registered.text, orgJson.text)
  }
  finish(
    orgJson ? `Do not publish ${orgJson.file} before this was run again` : 'Nothing was changed',
    () => replaceText(io, file, edited, text),
  )
  const names = ids.map((id) => `#${id}`).join(' and ')
  const changes = registered?.changes ?? []
  const into = orgJson?.file ?? '<your ORG.JSON>'
  return {
    json: { step: 'retire', ids, signs: active.id, file, orgJson: orgJson?.file, changes },
    text: [
      `${file}: took ${names} out, and #${active.id} signs`,
      ...changes.map((change) => `${into}: ${change}`),
    ].join('\n'),
    notes: [
      ...(registered?.objections ?? []).map((objection) => `${into}: ${objection}`),
      'Next: restart your processes; those of loadOrgidAuth let the key go within seconds',
      ...(orgJson === undefined
        ? ids.map(
            (id) =>
              `Then, and not before: orgid-bearer register --into ${into} --replaces ${id}, and publish it`,
          )
        : [`Then, and not before: publish ${into}, and its new hash if your ORGiD has one`]),
      `At last: delete the private key of ${names}, and its copies`,
    ],
  }
}
