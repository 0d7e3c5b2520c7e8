import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  appendItem,
  appendMember,
  type JsonNode,
  locate,
  memberOf,
  removeItem,
  setMember,
} from '../../src/cli/json-text.js'

const list = (text: string) => memberOf(locate(text), 'list') as JsonNode
const added = (text: string) => appendItem(text, list(text), { id: 'b', tags: ['x', 'y'] })

describe('appendItem', () => {
  it.each([
    ['two spaces', '{\n  "list": [\n    {\n      "id": "a"\n    }\n  ],\n  "z": 1\n}\n'],
    ['four spaces', '{\n    "list": [\n        {\n            "id": "a"\n        }\n    ]\n}'],
    ['tabs', '{\n\t"list": [\n\t\t{\n\t\t\t"id": "a"\n\t\t}\n\t]\n}\n'],
  ])('writes as JSON.stringify does in a text indented by %s', (_name, text) => {
    const indent = /\n(\s+)/.exec(text)?.[1]
    const value = JSON.parse(text)
    value.list.push({ id: 'b', tags: ['x', 'y'] })
    const end = text.endsWith('\n') ? '\n' : ''
    expect(added(text)).toBe(`${JSON.stringify(value, null, indent)}${end}`)
  })

  it.each([
    ['{"list":[{"id":"a"}]}', '{"list":[{"id":"a"},{"id":"b","tags":["x","y"]}]}'],
    [
      '{ "list": [{ "id": "a" }] }',
      '{ "list": [{ "id": "a" }, { "id": "b", "tags": ["x", "y"] }] }',
    ],
    [
      '{\n  "list": [\n    { "id": "a" }\n  ]\n}',
      '{\n  "list": [\n    { "id": "a" },\n    { "id": "b", "tags": ["x", "y"] }\n  ]\n}',
    ],
    ['{"list":[]}', '{"list":[{"id":"b","tags":["x","y"]}]}'],
    [
      '{\r\n "list": [ ]\r\n}\r\n',
      '{\r\n "list": [\r\n  {\r\n   "id": "b",\r\n   "tags": [\r\n    "x",\r\n    "y"\r\n   ]\r\n  }\r\n ]\r\n}\r\n',
    ],
    [
      '{\n  "list": [{\n    "id": "a"\n  }]\n}',
      '{\n  "list": [{\n    "id": "a"\n  }, {\n    "id": "b",\n    "tags": [\n      "x",\n      "y"\n    ]\n  }]\n}',
    ],
    [
      '{ "list" : [ {"id" : "a"}\n  , {"id" : "c"} ] }',
      '{ "list" : [ {"id" : "a"}\n  , {"id" : "c"}\n  , {"id" : "b", "tags" : ["x", "y"]} ] }',
    ],
  ])('keeps to the manner of %j', (before, after) => {
    expect(added(before)).toBe(after)
  })
})

describe('appendMember', () => {
  it.each([
    ['{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "n": {\n    "d": 1\n  }\n}\n'],
    ['{"a":1}', '{"a":1,"n":{"d":1}}'],
    ['{ "a": 1 }', '{ "a": 1, "n": { "d": 1 } }'],
    ['\uFEFF{"a":"}]\\""}', '\uFEFF{"a":"}]\\"","n":{"d":1}}'],
    ['{}', '{\n  "n": {\n    "d": 1\n  }\n}'],
  ])('adds behind the last one of %j', (before, after) => {
    expect(appendMember(before, locate(before), 'n', { d: 1 })).toBe(after)
  })
})

describe('setMember', () => {
  it.each([
    ['{\n  "n": null,\n  "z": 1\n}\n', '{\n  "n": {\n    "d": 1\n  },\n  "z": 1\n}\n'],
    ['{"n":null}', '{"n":{"d":1}}'],
    ['{ "\\u006e" : [2, {}], "z": 1 }', '{ "\\u006e" : { "d" : 1 }, "z": 1 }'],
    ['{ "a": 1 }', '{ "a": 1, "n": { "d": 1 } }'],
  ])('replaces what is there, and adds what is not, in %j', (before, after) => {
    expect(setMember(before, locate(before), 'n', { d: 1 })).toBe(after)
  })
})

describe('removeItem', () => {
  it.each([
    ['{"list":[1, 2, 3]}', 0, '{"list":[2, 3]}'],
    ['{"list":[1, 2, 3]}', 1, '{"list":[1, 3]}'],
    ['{"list":[1, 2, 3]}', 2, '{"list":[1, 2]}'],
    ['{"list":[ 1 ]}', 0, '{"list":[]}'],
    ['{\n "list": [\n  1,\n  2\n ]\n}', 1, '{\n "list": [\n  1\n ]\n}'],
  ])('of %j takes item %i out', (before, index, after) => {
    expect(removeItem(before, list(before), index)).toBe(after)
  })
})

describe('a text of a megabyte', () => {
  it.each(['x', '\\n', '\\"', '\\\\', '{[', '\\u0022'])(
    'is read through a string of nothing but %j',
    (part) => {
      const text = `{"a":"${part.repeat(1e6 / part.length)}","list":[1]}`
      expect(locate(text).end).toBe(text.length)
      expect(JSON.parse(appendItem(text, list(text), 2)).list).toEqual([1, 2])
    },
  )

  it('is read through many values', () => {
    const text = `{"a":[${'1,'.repeat(5e4)}1],"list":[${'{},'.repeat(2e4)}{}]}`
    expect(list(text).children).toHaveLength(2e4 + 1)
    expect(locate(text).end).toBe(text.length)
  })
})

describe('any JSON, indented in any way', () => {
  const indents = fc.constantFrom(undefined, 1, 2, 4, '\t')
  const documents = fc.record({ list: fc.array(fc.jsonValue()), other: fc.jsonValue() })

  it('means the same after an edit, but for the edit', () => {
    fc.assert(
      fc.property(documents, indents, fc.jsonValue(), (document, indent, item) => {
        const value = JSON.parse(JSON.stringify(document))
        const text = JSON.stringify(value, null, indent)
        const longer = appendItem(text, list(text), item)
        expect(JSON.parse(longer)).toEqual({
          ...value,
          list: [...value.list, JSON.parse(JSON.stringify(item))],
        })
        expect(JSON.parse(removeItem(longer, list(longer), value.list.length))).toEqual(value)
        const named = appendMember(text, locate(text), 'new', item)
        expect(JSON.parse(named)).toEqual({ ...value, new: JSON.parse(JSON.stringify(item)) })
        const changed = setMember(text, locate(text), 'other', item)
        expect(JSON.parse(changed)).toEqual({ ...value, other: JSON.parse(JSON.stringify(item)) })
      }),
    )
  })

  it('is a text whose every other byte stays', () => {
    fc.assert(
      fc.property(documents, indents, (document, indent) => {
        const text = JSON.stringify(document, null, indent)
        const node = list(text)
        const longer = appendItem(text, node, 'item')
        const last = node.children.at(-1)?.end ?? node.start + 1
        expect(longer.startsWith(text.slice(0, last))).toBe(true)
        expect(longer.endsWith(text.slice(node.end - 1))).toBe(true)
      }),
    )
  })
})
