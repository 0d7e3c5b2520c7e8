type NewBare = new <T>() => Record<string, T>

function bare() {}
bare.prototype = Object.freeze(Object.create(null))

/**
 * Makes objects on no prototype but an empty one of their own: a polluted `Object.prototype` says
 * nothing through them. Those of `Object.create(null)` are hash tables to V8, which take longer to
 * make, to copy and to read.
 *
 * @internal
 */
export const Bare = bare as unknown as NewBare
