/*
 * JSON's grammar (RFC 8259) as a walk over bytes, without recursion, and without values for the garbage
 * collector. Each function returns the position after what it has walked over, or NO if the grammar is
 * violated.
 */

/** Returned instead of a position. */
export const NO = -1

export const QUOTE = 0x22
export const COMMA = 0x2c
const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
export const BACKSLASH = 0x5c
const LOWER_E = 0x65
const LOWER_U = 0x75
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d

/** The depth that most values stay within. */
const USUAL_DEPTH = 64
/** The bracket or brace that closes each open list or object. */
const usualStack = new Uint8Array(USUAL_DEPTH)

/**
 * Called with the start and end of each list or object at depth `USUAL_DEPTH`, but not of those within it.
 */
type OnDeep = (start: number, end: number) => void

/** Walks over a value of any depth, in time linear in its length: some 5 ms for a megabyte. */
export function skipValue(bytes: Buffer, start: number, onDeep?: OnDeep): number {
  const first = bytes[start]
  return first === OPEN_BRACE || first === OPEN_BRACKET
    ? skipNested(bytes, start, onDeep)
    : skipScalar(bytes, start, first)
}

function skipNested(bytes: Buffer, start: number, onDeep: OnDeep | undefined): number {
  let stack = usualStack
  let depth = 0
  let deepStart = 0
  let at = start
  for (;;) {
    const first = bytes[at]
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      if (depth === USUAL_DEPTH) deepStart = at
      if (depth === stack.length) stack = twiceAsLong(stack)
      // In ASCII each closing character is the next but one.
      stack[depth] = first + 2
      depth += 1
      at = skipSpace(bytes, at + 1)
      if (bytes[at] !== first + 2) {
        if (first === OPEN_BRACE) at = skipName(bytes, at)
        if (at === NO) return NO
        continue
      }
    } else {
      at = skipScalar(bytes, at, first)
      if (at === NO) return NO
    }
    // After a value, or before the end of an empty one.
    for (;;) {
      if (depth === 0) return at
      at = skipSpace(bytes, at)
      const close = stack[depth - 1]
      if (bytes[at] === close) {
        at += 1
        depth -= 1
        if (depth === USUAL_DEPTH) onDeep?.(deepStart, at)
        continue
      }
      if (bytes[at] !== COMMA) return NO
      at = skipSpace(bytes, at + 1)
      if (close === CLOSE_BRACE) at = skipName(bytes, at)
      if (at === NO) return NO
      break
    }
  }
}

function twiceAsLong(stack: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(stack.length * 2)
  longer.set(stack)
  return longer
}

/** A member's name and its colon: returns where its value begins. */
export function skipName(bytes: Buffer, start: number): number {
  const end = skipString(bytes, start)
  if (end === NO) return NO
  const colon = skipSpace(bytes, end)
  return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : NO
}

function skipScalar(bytes: Buffer, at: number, first: number | undefined): number {
  if (first === QUOTE) return skipString(bytes, at)
  for (const literal of LITERALS) {
    if (first === literal[0]) return isAt(bytes, at, at + literal.length, literal) ? at + literal.length : NO
  }
  return skipNumber(bytes, at)
}

const LITERALS = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')]

/** Whether exactly these bytes are between two positions. */
export function isAt(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false
  for (let at = 0; at < name.length; at += 1) if (bytes[start + at] !== name[at]) return false
  return true
}

/** Of each byte, whether it stands for itself within a string. */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
)

export function skipString(bytes: Buffer, start: number): number {
  if (bytes[start] !== QUOTE) return NO
  const { length } = bytes
  for (let at = start + 1; ; at += 1) {
    while (at < length && isPlain[bytes[at] as number] === 1) at += 1
    if (at >= length) return NO
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte !== BACKSLASH) return NO
    at = skipEscape(bytes, at + 1)
    if (at === NO) return NO
  }
}

const ESCAPED = new Set(Buffer.from('"\\/bfnrt'))

/** Returns the position of the escape's last byte. */
function skipEscape(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0
  if (ESCAPED.has(byte)) return at
  if (byte !== LOWER_U) return NO
  for (let digit = 1; digit <= 4; digit += 1) if (!isHexDigit(bytes[at + digit] ?? 0)) return NO
  return at + 4
}

const isHexDigit = (byte: number): boolean =>
  isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 0x39

function skipNumber(bytes: Buffer, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start
  // A leading zero must be the only digit before the point.
  at = bytes[at] === ZERO ? at + 1 : skipDigits(bytes, at)
  if (at !== NO && bytes[at] === POINT) at = skipDigits(bytes, at + 1)
  if (at !== NO && ((bytes[at] ?? 0) | 0x20) === LOWER_E) {
    const sign = bytes[at + 1]
    at = skipDigits(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1)
  }
  return at
}

/** At least one digit. */
function skipDigits(bytes: Buffer, start: number): number {
  let at = start
  while (isDigit(bytes[at] ?? 0)) at += 1
  return at > start ? at : NO
}

/** JSON's white space. */
export function skipSpace(bytes: Buffer, start: number): number {
  let at = start
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d || bytes[at] === 0x0a) at += 1
  return at
}

/**
 * JSON without what is nested deeper than anything that is read: each such list or object is replaced by a 0.
 * Parsing a megabyte of brackets would take a hundred milliseconds. Undefined: it is not well-formed.
 */
export function withoutDepths(json: Buffer): Buffer | undefined {
  let shallow = json
  const end = skipValue(json, skipSpace(json, 0), (start, after) => {
    if (shallow === json) shallow = Buffer.from(json)
    shallow.fill(' ', start, after)
    shallow[start] = ZERO
  })
  return end !== NO && skipSpace(json, end) === json.length ? shallow : undefined
}
