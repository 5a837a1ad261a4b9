export { type Client, type ClientRequest, createClient, type OpenedResponse } from './client.ts'
export type { ClientFields, ClientOptions } from './options.ts'
