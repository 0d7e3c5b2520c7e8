import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isOrgidAuthError } from '../errors.js'

/** What to do about files, and which. @internal */
export interface Reload {
  files(): readonly string[]
  /**
   * Takes over what has changed, or, when something is wrong with it, nothing.
   *
   * @param isWanted whether it is still wanted, once everything was read.
   */
  attempt(isWanted: () => boolean): Promise<void>
}

/**
 * Looks at files every `interval` seconds, and reloads when their content has changed.
 *
 * By content, since that is all that matters: a file that is written anew, renamed over, or reached
 * over a symbolic link that was swapped (Kubernetes swaps `..data`) shows in no one kind of event,
 * and network file systems have none. The files are small. Nothing here keeps the process alive.
 *
 * @returns stops it.
 * @internal
 */
export function watchFiles(reload: Reload, interval: number): () => void {
  let isOpen = true
  /** The content that is in use. Unknown at first: a file may have changed since it was read. */
  let inUse: string | undefined
  let failure: string | undefined
  let warned: string | undefined

  const look = async (): Promise<void> => {
    const content = await fingerprint(reload.files())
    if (!isOpen) return
    try {
      if (content !== inUse) await reload.attempt(() => isOpen)
      inUse = content
      failure = undefined
    } catch (error) {
      const reason = reasonOf(error)
      const now = `${content} ${reason}`
      // The first time, a file may be half written, or new beside one that is still old
      if (now === failure && now !== warned) {
        warned = now
        process.emitWarning(
          `a change of the configuration is not taken over, and what was in use before stays so: ${reason}`,
          { type: 'OrgidBearerWarning', code: 'ORGID_RELOAD_REFUSED' },
        )
      }
      failure = now
    }
  }

  let timer: NodeJS.Timeout
  const wait = () => {
    timer = setTimeout(() => {
      look().finally(() => {
        if (isOpen) wait()
      })
    }, interval * 1_000).unref()
  }
  wait()
  return () => {
    isOpen = false
    clearTimeout(timer)
  }
}

/** Of paths and contents; a digest, so that no second copy of a key is kept. */
async function fingerprint(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    const content = await contentOf(path)
    hash.update(`${path}\0${content.length}\0`).update(content)
  }
  return hash.digest('base64url')
}

async function contentOf(path: string): Promise<string | Uint8Array> {
  try {
    // Reading a pipe would wait for whoever writes to it, and take it away from whoever reads
    return (await stat(path)).isFile() ? await readFile(path) : ''
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

function reasonOf(error: unknown): string {
  if (isOrgidAuthError(error)) return error.message
  // Not its message: nobody knows what stands in it
  return `an unexpected error (${error instanceof Error ? error.name : typeof error})`
}
