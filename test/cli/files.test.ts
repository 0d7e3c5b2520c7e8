import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Access, giveTo, readText, replaceText } from '../../src/cli/files.js'
import { writeNewFiles } from '../../src/cli/new-files.js'
import { directory } from './command.js'

describe('readText', () => {
  it('says what is wrong with a file, and which option named it', () => {
    const { cwd, path } = directory()
    expect(() => readText({ cwd }, 'none', '--into')).toThrow(/^--into: .*none.*ENOENT/)
    writeFileSync(path('bytes'), Buffer.from([0x22, 0xff, 0x22]))
    expect(() => readText({ cwd }, 'bytes', '--into')).toThrow(/UTF-8/)
  })

  it('repeats no key that was given in place of its file', () => {
    const { cwd } = directory()
    expect(() => readText({ cwd }, '5'.repeat(64), '--key')).toThrow(/64 characters/)
  })
})

describe('writeNewFiles', () => {
  it('writes all or none', () => {
    const { cwd, write, read } = directory()
    write('b', 'precious')
    const files = ['a', 'b', 'c'].map((file) => ({ file, text: file, mode: 0o600 }))
    expect(() => writeNewFiles({ cwd }, files)).toThrow(/^b exists/)
    expect(readdirSync(cwd)).toEqual(['b'])
    expect(read('b')).toBe('precious')
  })

  it('follows no symbolic link that lies where a key is to go', () => {
    const { cwd, path, write, read } = directory()
    write('elsewhere', 'precious')
    symlinkSync('elsewhere', path('key.pem'))
    const file = { file: 'key.pem', text: 'secret', mode: 0o600 }
    expect(() => writeNewFiles({ cwd }, [file])).toThrow(/exists/)
    writeNewFiles({ cwd }, [{ ...file, force: true }])
    expect([read('elsewhere'), read('key.pem')]).toEqual(['precious', 'secret'])
  })

  it('says why it cannot write', () => {
    const { cwd, path } = directory()
    const file = { file: 'none/a', text: '', mode: 0o600 }
    expect(() => writeNewFiles({ cwd }, [file])).toThrow(/cannot write none\/a \(ENOENT/)
    mkdirSync(path('dir'))
    const directoryThere = { file: 'dir', text: '', mode: 0o600, force: true }
    expect(() => writeNewFiles({ cwd }, [directoryThere])).toThrow(/cannot write dir \(EISDIR/)
    expect(readdirSync(cwd)).toEqual(['dir'])
  })

  it('replaces all or none', () => {
    const { cwd, path, write, read } = directory()
    const forced = (file: string) => ({ file, text: 'new', mode: 0o600, force: true })
    write('a', 'old')
    mkdirSync(path('dir'))
    expect(() => writeNewFiles({ cwd }, [forced('a'), forced('dir')])).toThrow(/dir \(EISDIR/)
    expect(() => writeNewFiles({ cwd }, [forced('a'), forced('none/b')])).toThrow(/none\/b/)
    expect([read('a'), readdirSync(cwd)]).toEqual(['old', ['a', 'dir']])
    writeNewFiles({ cwd }, [forced('a'), forced('b')])
    expect([read('a'), read('b'), readdirSync(cwd)]).toEqual(['new', 'new', ['a', 'b', 'dir']])
  })

  it('puts back what it has replaced when a later file cannot be', () => {
    const { cwd, path, write, read } = directory()
    const file = (name: string) => ({ file: name, text: 'new', mode: 0o600, force: true })
    write('a', 'precious')
    mkdirSync(path('dir'))
    write('dir/c', 'old')
    symlinkSync('dir', path('link'))
    // Once the link is a file, nothing can be put in the directory that it led to
    const files = [file('a'), { ...file('b'), force: false }, file('new'), file('link')]
    expect(() => writeNewFiles({ cwd }, [...files, file('link/c')])).toThrow(/link\/c \(ENOTDIR/)
    expect(readdirSync(cwd)).toEqual(['a', 'dir', 'link'])
    expect([read('a'), read('link/c'), readdirSync(path('dir'))]).toEqual([
      'precious',
      'old',
      ['c'],
    ])
    expect(lstatSync(path('link')).isSymbolicLink()).toBe(true)
  })
})

describe('replaceText', () => {
  it('keeps permissions that an umask would take away', () => {
    const { cwd, path, write, mode, read } = directory()
    write('a', 'old')
    chmodSync(path('a'), 0o666)
    replaceText({ cwd }, 'a', 'new', 'old')
    expect([mode('a'), read('a'), readdirSync(cwd)]).toEqual([0o666, 'new', ['a']])
  })

  it('leaves alone what someone else has changed since it was read', () => {
    const { cwd, write, read } = directory()
    write('a', 'theirs')
    expect(() => replaceText({ cwd }, 'a', 'new', 'old')).toThrow(
      expect.objectContaining({
        code: 'ERR_FILE',
        message: expect.stringMatching(/changed.*again/),
      }),
    )
    expect([read('a'), readdirSync(cwd)]).toEqual(['theirs', ['a']])
  })

  it('says why it cannot', () => {
    expect(() => replaceText(directory(), 'none', '', '')).toThrow(/cannot write none \(ENOENT/)
  })
})

describe.each(process.getuid?.() === 0 ? [1_000] : [])(
  'a file to be given away, as user %i',
  (uid) => {
    /** Gives a new file of this user to another user or group, as this user. */
    const give = (mode: number, to: Pick<Access, 'uid' | 'gid'>) => {
      const path = join(mkdtempSync(join(tmpdir(), 'orgid-give-')), 'key.pem')
      writeFileSync(path, '')
      chmodSync(path, mode)
      chownSync(path, uid, uid)
      chmodSync(dirname(path), 0o777)
      process.setegid?.(uid)
      process.seteuid?.(uid)
      try {
        giveTo({ ...to, mode }, path)
      } finally {
        process.seteuid?.(0)
        process.setegid?.(0)
        rmSync(dirname(path), { recursive: true })
      }
    }

    it.each([
      ['its group reads nothing', 0o600, { uid, gid: uid + 1 }],
      ['everybody reads it', 0o644, { uid: uid + 1, gid: uid }],
    ])('stays this user’s where %s', (_, mode, to) => {
      expect(() => give(mode, to)).not.toThrow()
    })

    it.each([
      ['its group', 0o640, { uid, gid: uid + 1 }],
      ['its owner', 0o600, { uid: uid + 1, gid: uid }],
    ])('is refused where %s could not read it', (_, mode, to) => {
      expect(() => give(mode, to)).toThrow(/expected it to belong to user .* Run this as that user/)
    })
  },
)
