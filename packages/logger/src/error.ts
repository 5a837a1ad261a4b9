import { types } from 'node:util'
import { GlassineError } from '@glassine/core'
import type { Line, Redaction } from './line.ts'

export const isError = (value: object): value is Error => value instanceof Error || types.isNativeError(value)

/** `TypeError: `, `Error [ERR_X]: ` */
const plainHead = /^[\w.$ ]{0,80}(?:\[\w{0,80}\])?: $/
const frame = /^\s+at /

/**
 * Redacts a stack and keeps its frames. A message may have lines that look like frames, so frames are only what
 * stands behind the error's own message; where the message is not found, the stack is a text like any other.
 */
const redactStack = (
  stack: string,
  error: Error,
  message: unknown,
  text: (text: string) => string,
): string => {
  const { message: original } = error
  const at = typeof message === 'string' && original !== '' ? stack.indexOf(original) : -1
  if (at === -1 || !plainHead.test(stack.slice(0, at))) {
    const [head, ...frames] = stack.split('\n')
    return original === '' && frames.every((line) => frame.test(line))
      ? [text(head!), ...frames.map(text)].join('\n')
      : text(stack)
  }
  const frames = stack.slice(at + original.length)
  const [rest, ...lines] = frames.split('\n')
  if (rest !== '' || !lines.every((line) => frame.test(line))) return text(stack)
  return [`${stack.slice(0, at)}${message}`, ...lines.map(text)].join('\n')
}

/**
 * A redacted copy of an error, with its prototype, so that the formatter of the logger still sees an error and
 * formats it as it likes. Members keep being enumerable or not: a formatter prints the enumerable ones.
 */
export const redactError = (
  error: Error,
  redaction: Redaction,
  line: Line,
  depth: number,
  member: (key: string, value: unknown) => unknown,
): object => {
  const copy: object = Object.create(Object.getPrototypeOf(error))
  const put = (key: string, value: unknown, enumerable: boolean) =>
    Object.defineProperty(copy, key, { value, enumerable, configurable: true, writable: true })
  const text = (value: string) => redaction.text(value, line, depth + 1)

  for (const key of Object.getOwnPropertyNames(error)) {
    if (key === 'name' || key === 'message' || key === 'stack') continue
    const isEnumerable = Object.prototype.propertyIsEnumerable.call(error, key)
    put(key, member(key, (error as unknown as Record<string, unknown>)[key]), isEnumerable)
  }
  const { name, message, stack } = error
  // A GlassineError's message is made of names only, by contract, and would lose its end: `/ssn: a cycle ...`.
  const shown = error instanceof GlassineError ? message : member('', message)
  put('name', member('', name), false)
  put('message', shown, false)
  put('stack', typeof stack === 'string' ? redactStack(stack, error, shown, text) : member('', stack), false)
  return copy
}
