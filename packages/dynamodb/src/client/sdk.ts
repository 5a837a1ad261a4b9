// The part of the AWS SDK for JavaScript v3 that we rely on, by shape: an application may have several copies of the
// SDK, with different classes, and bundlers rename them.
import { badOption } from '../errors.ts'

/** A client of the AWS SDK v3: `DynamoDBClient`, `DynamoDBDocumentClient`, or what extends them. */
export interface SdkClient {
  readonly middlewareStack: { clone(): unknown }
  send(...args: any[]): unknown
}

/** What middlewares of one request share. */
export interface HandlerContext {
  /** `PutItemCommand`: a string of the SDK, even where a bundler has renamed the class. */
  readonly commandName?: string
  inputFilterSensitiveLog?: unknown
  outputFilterSensitiveLog?: unknown
  dynamoDbDocumentClientOptions?: object
}

interface HandlerArguments {
  readonly input: object
}

interface HandlerOutput {
  readonly output: object
}

type Handler = (args: HandlerArguments) => Promise<HandlerOutput>
export type Middleware = (next: Handler, context: HandlerContext) => Handler

/** Where a middleware is placed. */
interface MiddlewareOptions {
  readonly name: string
  readonly override: true
  readonly step?: 'initialize'
  readonly relation?: 'before' | 'after'
  readonly toMiddleware?: string
}

export interface MiddlewareStack {
  clone(): MiddlewareStack
  add(middleware: Middleware, options: MiddlewareOptions): void
  addRelativeTo(middleware: Middleware, options: MiddlewareOptions): void
}

/** Makes a command of an input. */
type CommandClass = new (input: Readonly<Record<string, unknown>>) => object

/** The commands that `updateItem` sends for itself. */
export interface Commands {
  readonly Get: CommandClass
  readonly Put: CommandClass
}

/**
 * Loads the commands of a client's package, which must be installed. They are imported in this way so that bundlers
 * accept that the other package is absent.
 */
export const commandsFor = (client: SdkClient): Promise<Commands> =>
  isDocumentClient(client)
    ? import('@aws-sdk/lib-dynamodb').then(
        ({ GetCommand, PutCommand }) => ({ Get: GetCommand, Put: PutCommand }) as unknown as Commands,
        missing,
      )
    : import('@aws-sdk/client-dynamodb').then(
        ({ GetItemCommand, PutItemCommand }) =>
          ({ Get: GetItemCommand, Put: PutItemCommand }) as unknown as Commands,
        missing,
      )

/** `DynamoDBDocumentClient.from` is how document clients are made; no other client's class has it. */
const isDocumentClient = (client: SdkClient): boolean =>
  typeof (client.constructor as { from?: unknown }).from === 'function'

const missing = (): never => {
  throw badOption('client', 'is of a package of the AWS SDK that cannot be imported from here')
}

/** Asks DynamoDB about a table. The document client has no command for it, and sends this one. */
export const describeTable = async (client: SdkClient, TableName: string): Promise<object> => {
  const { DescribeTableCommand } = await import('@aws-sdk/client-dynamodb').catch(missing)
  return (await client.send(new DescribeTableCommand({ TableName }))) as object
}
