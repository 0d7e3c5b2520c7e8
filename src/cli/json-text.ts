/** A JSON value where it stands in its text. */
export interface JsonNode {
  readonly start: number
  /** After its last character. */
  readonly end: number
  /** Members of an object, items of an array; none of anything else. */
  readonly children: readonly JsonChild[]
}

/** A member of an object, from its name on, or an item of an array. */
interface JsonChild {
  readonly name?: string
  readonly start: number
  readonly end: number
  readonly value: JsonNode
}

const blank = /[\s\uFEFF]*/y
const scalar = /"[^"\\]*(?:\\.[^"\\]*)*"|[^\s",:[\]{}]+/y

/** Finds where values stand in a text that `parseJson` has taken. */
export function locate(text: string): JsonNode {
  let at = 0
  const pass = (pattern: RegExp): void => {
    pattern.lastIndex = at
    pattern.test(text)
    at = pattern.lastIndex
  }
  const passMark = (): void => {
    at += 1
    pass(blank)
  }

  const value = (): JsonNode => {
    const start = at
    const opening = text[start]
    if (opening !== '{' && opening !== '[') {
      pass(scalar)
      return { start, end: at, children: [] }
    }
    const children: JsonChild[] = []
    passMark()
    while (text[at] !== '}' && text[at] !== ']') {
      children.push(opening === '{' ? member() : item())
      pass(blank)
      if (text[at] === ',') passMark()
    }
    at += 1
    return { start, end: at, children }
  }
  const item = (): JsonChild => {
    const node = value()
    return { start: node.start, end: node.end, value: node }
  }
  const member = (): JsonChild => {
    const start = at
    pass(scalar)
    const name = JSON.parse(text.slice(start, at)) as string
    pass(blank)
    passMark()
    const node = value()
    return { name, start, end: node.end, value: node }
  }
  pass(blank)
  return value()
}

/** The value of an object's member. */
export function memberOf(object: JsonNode | undefined, name: string): JsonNode | undefined {
  return object?.children.find((child) => child.name === name)?.value
}

/** Adds an item behind an array's last, in the way in which the text around it is written. */
export function appendItem(text: string, array: JsonNode, value: unknown): string {
  return append(text, array, (style, base) => write(value, style, base))
}

/** Gives an object's member a value; adds it behind the last one if there is none of that name. */
export function setMember(text: string, object: JsonNode, name: string, value: unknown): string {
  const child = object.children.find((one) => one.name === name)
  if (child === undefined) return appendMember(text, object, name, value)
  const written = write(value, styleIn(text, object), indentAt(text, child.start))
  return splice(text, child.value.start, child.value.end, written)
}

/** Adds a member behind an object's last. */
export function appendMember(text: string, object: JsonNode, name: string, value: unknown): string {
  return append(
    text,
    object,
    (style, base) => `${JSON.stringify(name)}${style.colon}${write(value, style, base)}`,
  )
}

/** Takes an item out of an array, and with it the comma and the space that are left over. */
export function removeItem(text: string, array: JsonNode, index: number): string {
  const { children } = array
  const child = children[index] as JsonChild
  if (children.length === 1) return splice(text, array.start + 1, array.end - 1, '')
  const before = children[index - 1]
  if (before !== undefined) return splice(text, before.end, child.end, '')
  return splice(text, child.start, (children[1] as JsonChild).start, '')
}

/** How a text is written. */
interface Style {
  readonly eol: string
  /** One step of indentation; '' where all is on one line. */
  readonly unit: string
  readonly colon: string
  readonly comma: string
  /** What stands inside the brackets of an object that is on one line. */
  readonly pad: string
}

type Content = (style: Style, base: string) => string

function append(text: string, container: JsonNode, content: Content): string {
  const { children, start, end } = container
  const last = children.at(-1)
  if (last === undefined) {
    const base = indentAt(text, start)
    const document = styleOf(text)
    const { eol, unit } = document
    const inner = base + unit
    const written = content(document, inner)
    const filled = unit === '' ? written : `${eol}${inner}${written}${eol}${base}`
    return splice(text, start + 1, end - 1, filled)
  }
  const like = last.name === undefined ? last.value : container
  const style = styleIn(text, like)
  const separator = separatorBehind(text, container, style)
  return splice(text, last.end, last.end, separator + content(style, indentAt(text, last.start)))
}

/** How to write beside what a value holds. */
function styleIn(text: string, like: JsonNode): Style {
  const document = styleOf(text)
  if (spansLines(text, like)) return document
  return { ...document, unit: '', ...inlineStyle(text, like) }
}

/** What stands between an object's or array's children. */
function separatorBehind(text: string, { children, start }: JsonNode, style: Style): string {
  const [last, before] = [children.at(-1), children.at(-2)] as [JsonChild, JsonChild?]
  if (before !== undefined) return text.slice(before.end, last.start)
  const gap = text.slice(start + 1, last.start)
  return gap.includes('\n') ? `,${gap}` : style.comma
}

/** How a document is written, by its outermost object. */
function styleOf(text: string): Style {
  const root = locate(text)
  const [first] = root.children
  const gap = first === undefined ? '\n  ' : text.slice(root.start + 1, first.start)
  const indent = gap.slice(gap.lastIndexOf('\n') + 1)
  return {
    ...inlineStyle(text, root),
    eol: text.includes('\r\n') ? '\r\n' : '\n',
    unit: gap.includes('\n') ? indent.slice(indentAt(text, root.start).length) || '  ' : '',
  }
}

/** How an object that is on one line spaces its parts. */
function inlineStyle(text: string, object: JsonNode): Pick<Style, 'colon' | 'comma' | 'pad'> {
  const [first] = object.children
  const colon = first?.name === undefined ? ': ' : colonIn(text, first)
  return {
    colon,
    comma: colon === ':' ? ',' : ', ',
    pad: text[object.start + 1] === ' ' ? ' ' : '',
  }
}

function colonIn(text: string, { start, value }: JsonChild): string {
  scalar.lastIndex = start
  const name = scalar.exec(text)?.[0] ?? ''
  const colon = text.slice(start + name.length, value.start)
  return colon.includes('\n') ? ': ' : colon
}

function write(value: unknown, style: Style, base: string): string {
  const isObject = typeof value === 'object' && value !== null
  if (!isObject) return JSON.stringify(value)
  const inner = base + style.unit
  const parts = Array.isArray(value)
    ? value.map((item) => write(item, style, inner))
    : Object.entries(value).map(
        ([name, item]) => `${JSON.stringify(name)}${style.colon}${write(item, style, inner)}`,
      )
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (style.unit === '') {
    const pad = Array.isArray(value) ? '' : style.pad
    return `${open}${pad}${parts.join(style.comma)}${pad}${close}`
  }
  const gap = style.eol + inner
  return `${open}${gap}${parts.join(`,${gap}`)}${style.eol}${base}${close}`
}

/** The white space with which the line begins that `position` is on. */
function indentAt(text: string, position: number): string {
  const line = text.slice(text.lastIndexOf('\n', position - 1) + 1, position)
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}

function spansLines(text: string, { start, end }: { start: number; end: number }): boolean {
  return text.slice(start, end).includes('\n')
}

function splice(text: string, start: number, end: number, replacement: string): string {
  return text.slice(0, start) + replacement + text.slice(end)
}
