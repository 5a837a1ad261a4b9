import { types } from 'node:util'
import { GlassineError } from '@glassine/core'
import type { Line, Redaction } from './line.ts'

export const isError = (value: object): value is Error => value instanceof Error || types.isNativeError(value)

/** `TypeError: `, `Error [ERR_X]: ` */
const plainHead = /^[\w.$ ]{0,80}(?:\[\w{0,80}\])?: $/
const frame = /^\s+at /

/**
 * Redacts a stack and keeps its frames. A message may have lines that look like frames, so only lines
 * after the error's own message count as frames. If the message is not found, the stack is treated like any text.
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
  // A name may be data, too.
  return [`${text(stack.slice(0, at))}${message}`, ...lines.map(text)].join('\n')
}

/**
 * A redacted copy of an error, with its prototype, so that the logger's formatter still sees an error and
 * can format it. Members stay enumerable or not: formatters print the enumerable ones.
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
    const own = (error as unknown as Record<string, unknown>)[key]
    // A GlassineError's cause contains only names, like its message.
    const shown = key === 'cause' && error instanceof GlassineError ? own : member(key, own)
    put(redaction.name(key, line, depth + 1), shown, isEnumerable)
  }
  const { name, message, stack } = error
  // By contract a GlassineError's message contains only names; redaction would cut off its end: `/ssn: a cycle ...`.
  const shown = error instanceof GlassineError ? message : member('', message)
  put('name', member('', name), false)
  put('message', shown, false)
  put('stack', typeof stack === 'string' ? redactStack(stack, error, shown, text) : member('', stack), false)
  return copy
}
