/** A wall clock that can be set: seconds away from the true time. */
export interface LaneClock {
  /** Epoch seconds. */
  now(): number
  /** Seconds by which it is ahead of the true time. */
  readonly ahead: number
  /** Sets it to this far ahead of the true time. */
  set(ahead: number): void
}

export function createLaneClock(ahead: number): LaneClock {
  let offset = ahead
  return {
    now: () => Date.now() / 1_000 + offset,
    get ahead() {
      return offset
    },
    set: (other) => {
      offset = other
    },
  }
}
