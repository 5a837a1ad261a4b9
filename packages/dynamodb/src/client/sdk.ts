// The part of the AWS SDK for JavaScript v3 that is relied upon, by shape: an application may have several copies of
// the SDK, whose classes are not each other's instances, and bundlers rename them.

/** A client of the AWS SDK v3: `DynamoDBClient`, `DynamoDBDocumentClient`, or what extends them. */
export interface SdkClient {
  readonly middlewareStack: { clone(): unknown }
  send(...args: any[]): unknown
}

/** What middlewares of one request share. */
export interface HandlerContext {
  /** `PutItemCommand`: a string of the SDK's own, also where the class is called otherwise. */
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

/** Where a middleware stands. */
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
