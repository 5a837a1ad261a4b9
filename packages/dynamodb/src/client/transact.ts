// Transactions.
import type { Item } from '../attributes/attribute-value.ts'
import { decryptFailed, refused } from '../errors.ts'
import { checkPart } from './checks.ts'
import { mapLimited, type Operation, type Output, openEach, type Part, tableNamed } from './client-state.ts'
import { checkKey } from './key-checks.ts'
import { checkedRead, checkedUpdate, keyOf, sealedPut } from './parts.ts'
import type { EncryptedTable } from './table.ts'

/** An element of `TransactItems`: one member, named by what is done. */
type Action = Readonly<Record<string, Part | undefined>>

const actionsOf = ({ TransactItems }: Output): readonly Action[] => TransactItems ?? []

const kinds = new Set(['Get', 'Put', 'Update', 'Delete', 'ConditionCheck'])

/** Without its place in the request, the table of an item is not known. */
const noPlace = 'the response has an item at a place that the transaction does not have'

/** What an element does. An element that does two things, or an unknown one, is refused. */
const partOf = (action: Action): readonly [kind: string, part: Part | undefined] => {
  const [only, another] = Object.entries(action).filter(([, part]) => part != null)
  if (another || (only && !kinds.has(only[0])))
    throw refused('TransactItems', 'an element must have one of Get, Put, Update, Delete and ConditionCheck')
  return only ?? ['', undefined]
}

const tablesOf = (input: Output): readonly unknown[] =>
  actionsOf(input).flatMap((action) => Object.values(action).map((part) => part?.TableName))

const get: Operation = {
  tablesOf,
  async prepare(name, state, input) {
    const actions = actionsOf(input)
    const openers = actions.map((action) => {
      const [, part] = partOf(action)
      const table = tableNamed(state.tables, part?.TableName)
      if (!table || !part) return async (item: Item): Promise<Item> => item
      const open = checkedRead(name, table, part)
      checkKey(name, table, part.Key, state.invocation())
      return (item: Item): Promise<Item> => open(item, state.invocation(), keyOf(part))
    })
    const openAt = async (item: Item, at: number): Promise<Item> => {
      if (openers[at] === undefined) throw decryptFailed(noPlace)
      return openers[at](item)
    }
    return {
      input,
      openOld: openAt,
      opened: async (output) => {
        if (!Array.isArray(output.Responses)) return output
        const Responses = await openEach(output.Responses, 'Responses', async (response, at) =>
          response?.Item == null ? response : { ...response, Item: await openAt(response.Item, at) },
        )
        return { ...output, Responses }
      },
    }
  },
}

const write: Operation = {
  tablesOf,
  async prepare(name, state, input) {
    const actions = actionsOf(input)
    const sealedPart = async (kind: string, table: EncryptedTable, part: Part): Promise<Part> => {
      checkKey(`${name} ${kind}`, table, part.Key, state.invocation())
      if (kind === 'Put') return sealedPut(`${name} Put`, table, part, state.invocation())
      if (kind === 'Update') return checkedUpdate(`${name} Update`, table, part)
      checkPart(`${name} ${kind}`, table, part)
      return part
    }
    const TransactItems = await mapLimited(actions, async (action) => {
      const [kind, part] = partOf(action)
      const table = tableNamed(state.tables, part?.TableName)
      return table && part ? { ...action, [kind]: await sealedPart(kind, table, part) } : action
    })
    return {
      input: { ...input, TransactItems },
      openOld: async (item, at) => {
        if (actions[at] === undefined) throw decryptFailed(noPlace)
        const [, part] = partOf(actions[at])
        const table = tableNamed(state.tables, part?.TableName)
        return table && part ? table.open(item, state.invocation(), keyOf(part)) : item
      },
      opened: async (output) => output,
    }
  },
}

export const transactOperations: Readonly<Record<string, Operation>> = {
  TransactGetItems: get,
  TransactWriteItems: write,
}
