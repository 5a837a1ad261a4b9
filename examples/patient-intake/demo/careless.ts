// Handlers with a mistake, in the stack of the example: what they let go must not leave.
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { idOf, tenantOf } from '../src/request.ts'

interface Context {
  readonly tables: { send(command: unknown): Promise<any> }
}

/** A table that is there, and that the example does not name. */
export const unlisted = 'Drafts'

/** Says in an error what it was given, or what it has read. */
export const echo = async (event: any, { tables }: Context) => {
  const read = () =>
    tables.send(new GetCommand({ TableName: 'Patients', Key: { clinic: tenantOf(event), id: idOf(event) } }))
  const patient = event.body ?? (await read()).Item
  return {
    statusCode: 422,
    body: JSON.stringify({ message: `${patient.ssn} is not insured`, input: patient.email }),
  }
}

/** Writes to a table that no option names. */
export const draft = async (event: any, { tables }: Context) => {
  const { id, ssn } = event.body
  await tables.send(new PutCommand({ TableName: unlisted, Item: { clinic: tenantOf(event), id, ssn } }))
  return { statusCode: 204 }
}
