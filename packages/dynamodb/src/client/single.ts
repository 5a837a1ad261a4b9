// Operations on one table.
import type { Item } from '../attributes/attribute-value.ts'
import { decryptFailed } from '../errors.ts'
import { checkPart } from './checks.ts'
import {
  type ClientState,
  type Operation,
  type Output,
  openEach,
  type Part,
  type PreparedRequest,
  tableNamed,
} from './client-state.ts'
import { checkedSelect, checkKey, checkKeyCondition, checkPageKey, explainedSelect } from './key-checks.ts'
import { checkedRead, checkedUpdate, keyOf, type OpenItem, sealedPut } from './parts.ts'
import type { EncryptedTable } from './table.ts'
import { guardedPut, recordRead } from './update-step.ts'

type Request = { readonly state: ClientState; readonly table: EncryptedTable; readonly part: Part }

const single = (
  prepare: (name: string, request: Request) => PreparedRequest | Promise<PreparedRequest>,
): Operation => ({
  tablesOf: ({ TableName }) => [TableName],
  prepare: async (name, state, part) => {
    const table = tableNamed(state.tables, part.TableName)!
    checkKey(name, table, part.Key, state.invocation())
    return prepare(name, { state, part, table })
  },
})

/** Prepares a request whose response may hold one item, in this member. */
const answered = (
  { state, table, part }: Request,
  input: object,
  member: 'Item' | 'Attributes',
  open: OpenItem = table.open,
): PreparedRequest => {
  const openOld = (item: Item): Promise<Item> => open(item, state.invocation(), keyOf(part))
  const opened = async (output: Output): Promise<Output> =>
    output[member] == null ? output : { ...output, [member]: await openOld(output[member]) }
  return { input, opened, openOld }
}

const get = single((name, request) => {
  const { state, table, part } = request
  const prepared = answered(request, part, 'Item', checkedRead(name, table, part))
  const { update } = state
  if (update === undefined) return prepared
  return {
    ...prepared,
    opened: (output) => {
      recordRead(update, table, part.Key, output.Item)
      return prepared.opened(output)
    },
  }
})

const put = single(async (name, request) => {
  const { state, table, part } = request
  const sealed = await sealedPut(name, table, part, state.invocation())
  const { update } = state
  return answered(request, update ? guardedPut(update, table, sealed) : sealed, 'Attributes')
})

const remove = single((name, request) => {
  checkPart(name, request.table, request.part)
  return answered(request, request.part, 'Attributes')
})

const update = single((name, request) => {
  const { table, part } = request
  const prepared = answered(request, checkedUpdate(name, table, part), 'Attributes')
  const whole = part.ReturnValues === 'ALL_OLD' || part.ReturnValues === 'ALL_NEW'
  return whole ? prepared : { ...prepared, opened: async (output) => onlyUnsigned(table, output) }
})

/** The attributes that an update changed. They must be unsigned, or the response is of another request. */
const onlyUnsigned = (table: EncryptedTable, output: Output): Output => {
  if (Object.keys(output.Attributes ?? {}).some((name) => !table.config.planOf(name).unsigned))
    throw decryptFailed('the response holds attributes that the update did not change')
  return output
}

const list = single((name, request) => {
  const { state, table, part } = request
  const open = checkedRead(name, table, part)
  checkKeyCondition(name, table, part, state.invocation())
  checkPageKey(name, table, part, part.ExclusiveStartKey as Item | undefined, state.invocation())
  const Select = checkedSelect(name, part)
  return {
    ...answered(request, Select == null ? part : { ...part, Select }, 'Item'),
    explained: explainedSelect(name, part),
    async opened(output) {
      const invocation = state.invocation()
      checkPageKey(name, table, part, output.LastEvaluatedKey, invocation)
      if (!Array.isArray(output.Items)) return output
      const Items = await openEach(output.Items, 'Items', (item: Item) => open(item, invocation))
      return { ...output, Items }
    },
  }
})

export const singleOperations: Readonly<Record<string, Operation>> = {
  GetItem: get,
  PutItem: put,
  DeleteItem: remove,
  UpdateItem: update,
  Query: list,
  Scan: list,
}
