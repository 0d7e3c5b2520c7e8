/** A wall clock that can be set: seconds away from the true time. */
export interface LaneClock {
  /** Epoch seconds. */
  now(): number
  /** Seconds by which it is ahead of the true time. */
  readonly ahead: number
  /** Sets it to this far ahead of the true time, and has it go on. */
  set(ahead: number): void
  /** Has it stand still: what happens until it is set again takes no time, however slow the machine. */
  stop(): void
}

export function createLaneClock(ahead: number): LaneClock {
  let offset = ahead
  let stoppedAt: number | undefined
  const trueTime = () => Date.now() / 1_000
  const now = () => stoppedAt ?? trueTime() + offset
  return {
    now,
    get ahead() {
      return now() - trueTime()
    },
    set: (other) => {
      offset = other
      stoppedAt = undefined
    },
    stop: () => {
      stoppedAt = now()
    },
  }
}
