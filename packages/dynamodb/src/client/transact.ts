// Transactions.
import type { Item } from '../attributes/attribute-value.ts'
import { decryptFailed } from '../errors.ts'
import { checkPart } from './checks.ts'
import { type ClientState, type Operation, type Output, type Part, tableNamed } from './client-state.ts'
import { mapLimited } from './limited.ts'
import { checkedUpdate, keyOf, sealedPut } from './parts.ts'
import { refused } from './refused.ts'
import type { EncryptedTable } from './table.ts'

/** An element of `TransactItems`: one member, named by what is done. */
type Action = Readonly<Record<string, Part | undefined>>

const actionsOf = ({ TransactItems }: Output): readonly Action[] => TransactItems ?? []

const kinds = new Set(['Get', 'Put', 'Update', 'Delete', 'ConditionCheck'])

/** What an element does; one that does two things, or one that is not known, is not looked through. */
const partOf = (action: Action): readonly [kind: string, part: Part | undefined] => {
  const [only, another] = Object.entries(action).filter(([, part]) => part != null)
  if (another || (only && !kinds.has(only[0])))
    throw refused('TransactItems', 'an element must have one of Get, Put, Update, Delete and ConditionCheck')
  return only ?? ['', undefined]
}

const tablesOf = (input: Output): readonly unknown[] =>
  actionsOf(input).flatMap((action) => Object.values(action).map((part) => part?.TableName))

/** Opens the item at a place, of the table that stands there in the request. */
const openerAt = (state: ClientState, actions: readonly Action[]) => {
  return async (item: Item, at: number): Promise<Item> => {
    // Without a place in the request nobody knows which table's item it is.
    if (actions[at] === undefined) throw decryptFailed()
    const [, part] = partOf(actions[at])
    const table = tableNamed(state.tables, part?.TableName)
    return table && part ? table.open(item, state.invocation(), keyOf(part)) : item
  }
}

const get: Operation = {
  tablesOf,
  async prepare(name, state, input) {
    const actions = actionsOf(input)
    for (const action of actions) {
      const [, part] = partOf(action)
      const table = tableNamed(state.tables, part?.TableName)
      if (table && part) checkPart(name, table, part)
    }
    const openAt = openerAt(state, actions)
    return {
      input,
      openOld: openAt,
      opened: async (output) => {
        if (!Array.isArray(output.Responses)) return output
        const Responses = await mapLimited(output.Responses, async (response, at) =>
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
      openOld: openerAt(state, actions),
      opened: async (output) => output,
    }
  },
}

export const transactOperations: Readonly<Record<string, Operation>> = {
  TransactGetItems: get,
  TransactWriteItems: write,
}
