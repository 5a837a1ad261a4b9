import { type Account, parsed } from '../account.ts'
import { h } from '../dom.ts'
import { isMembers } from '../fields.ts'
import { tree } from '../tree.ts'
import { nothing, raw, section } from './parts.ts'

export const log = ({ log: seen }: Account): readonly HTMLElement[] | undefined => {
  if (!seen) return undefined
  if (seen.lines.length === 0) return [nothing('Nothing was logged.')]
  return seen.lines.map((line) => {
    const entry = parsed(line)
    if (!isMembers(entry)) return h('pre', {}, line)
    const { level, message, timestamp: _, service: __, sampling_rate: ___, error, ...rest } = entry
    const { name, message: words, code } = isMembers(error) ? error : {}
    const shown = { ...rest, ...(isMembers(error) && { error: { name, code, message: words } }) }
    return section(
      `${level} ${message}`,
      '',
      tree(shown, { base: '/patient' }),
      raw('The line as written', line),
    )
  })
}
