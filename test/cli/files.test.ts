import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readText, replaceText, writeNewFiles } from '../../src/cli/files.js'
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
    expect(() => writeNewFiles({ cwd }, [directoryThere])).toThrow(/cannot write dir/)
    expect(readdirSync(cwd)).toEqual(['dir'])
  })
})

describe('replaceText', () => {
  it('keeps permissions that an umask would take away', () => {
    const { cwd, path, write, mode, read } = directory()
    write('a', 'old')
    chmodSync(path('a'), 0o666)
    replaceText({ cwd }, 'a', 'new')
    expect([mode('a'), read('a'), readdirSync(cwd)]).toEqual([0o666, 'new', ['a']])
  })

  it('says why it cannot', () => {
    expect(() => replaceText(directory(), 'none', '')).toThrow(/cannot write none \(ENOENT/)
  })
})
