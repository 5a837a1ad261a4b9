import type { Account } from '../account.ts'
import { tree } from '../tree.ts'
import { nothing, section } from './parts.ts'

/** A table has no order of attributes: its key first, the format's own last. */
const sorted = (row: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const rank = (name: string) =>
    name === 'clinic' || name === 'id' ? 0 : name.startsWith('aws_dbe_') ? 2 : 1
  return Object.fromEntries(
    Object.entries(row).toSorted(([one], [other]) => rank(one) - rank(other) || one.localeCompare(other)),
  )
}

export const table = ({ table: seen, lambda: ran }: Account): readonly HTMLElement[] | undefined => {
  if (!seen) return undefined
  if (!seen.row)
    return [
      nothing(ran?.ran ? 'There is no such row for this clinic.' : 'The request did not come this far.'),
    ]
  return [section('Patients', 'one row', tree(sorted(seen.row), { changed: seen.changed }))]
}
