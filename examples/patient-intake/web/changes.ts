import type { Traffic } from '../demo/traffic.ts'

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null

/** JSON pointers of the places where two values differ. */
export const differences = (before: unknown, after: unknown, at = ''): string[] => {
  if (before === after) return []
  if (!isMembers(before) || !isMembers(after)) return [at]
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].flatMap((name) => differences(before[name], after[name], `${at}/${name}`))
}

/** What was changed on the way: `path`, pointers into the body, and `header:name`. */
export const changesOf = (before: Traffic, after: Traffic): string[] => [
  ...(before.path === after.path ? [] : ['path']),
  ...differences(before.headers, after.headers).map((pointer) => `header:${pointer.slice(1)}`),
  ...differences(before.body, after.body),
]
