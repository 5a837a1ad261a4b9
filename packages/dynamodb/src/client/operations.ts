import { batchOperations } from './batch.ts'
import { type Operation, type Output, tableNamed } from './client-state.ts'
import { otherOperation } from './others.ts'
import { singleOperations } from './single.ts'
import type { Tables } from './table.ts'
import { transactOperations } from './transact.ts'

const known: Readonly<Record<string, Operation>> = {
  ...singleOperations,
  ...batchOperations,
  ...transactOperations,
}

/** The operation of a name such as `PutItem`. */
export const operationOf = (name: string): Operation =>
  Object.hasOwn(known, name) ? known[name]! : otherOperation(name)

/** Whether an input names an encrypted table. */
export const concerns = (tables: Tables, operation: Operation, input: Output): boolean =>
  operation.tablesOf(input, tables).some((name) => tableNamed(tables, name) !== undefined)
