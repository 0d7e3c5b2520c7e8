/**
 * The longest time, in milliseconds, for which the event loop held up an interval timer.
 * `monitorEventLoopDelay` misses a block that begins right after it was reset.
 */
export async function worstGap(work: () => Promise<unknown> | unknown): Promise<number> {
  let worst = 0
  let last = performance.now()
  const note = () => {
    const now = performance.now()
    worst = Math.max(worst, now - last)
    last = now
  }
  const timer = setInterval(note, 1)
  await work()
  // A block at the very end is seen by the timer that follows it
  await new Promise((resolve) => setTimeout(resolve, 5))
  note()
  clearInterval(timer)
  return worst
}
