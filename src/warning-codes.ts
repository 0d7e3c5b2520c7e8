/**
 * Every warning that this library gives the process, as the `code` of what `process.on('warning')`
 * gets; its `name` is `OrgidBearerWarning`. Nothing fails with it. What each means, and its remedy:
 * docs/errors.md.
 */
export type OrgidWarningCode =
  /**
   * A change of the configuration or of a key is not taken over, and what was in use stays so.
   * When: `loadOrgidAuth` has seen it twice in a row; once for each reason.
   * Remedy: mend the file that the message names; it is tried again.
   */
  | 'ORGID_RELOAD_REFUSED'
  /**
   * An option has changed that is taken over at the next start only.
   * When: `loadOrgidAuth` sees the change.
   * Remedy: restart; partners and keys are in use already.
   */
  | 'ORGID_RESTART_NEEDED'
  /**
   * A variable begins with `ORGID_`, and none of that name is read.
   * When: at start, in `createOrgidAuthFromEnv` and `loadOrgidAuth`.
   * Remedy: correct its name, or remove it.
   */
  | 'ORGID_UNKNOWN_VARIABLE'
  /**
   * A key on a PKCS#11 token can leave it.
   * When: in `pkcs11Signer`, once for each signer.
   * Remedy: generate one on the token with CKA_EXTRACTABLE false and CKA_SENSITIVE true.
   */
  | 'ORGID_EXTRACTABLE_KEY'
  /**
   * The name of a key is refused by some partners' verifiers.
   * When: at start, and in `auth.addKey`; once for each name.
   * Remedy: register the key under letters and digits only.
   */
  | 'ORGID_UNPORTABLE_FRAGMENT'
  /**
   * Another global dispatcher is in place of that of `install`, and stays.
   * When: in `uninstall`.
   * Remedy: call `uninstall` before you replace it.
   */
  | 'ORGID_DISPATCHER_REPLACED'
