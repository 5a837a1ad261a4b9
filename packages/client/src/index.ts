export { type Client, type ClientRequest, createClient, type DecryptedResponse } from './client.ts'
export type { ClientFields, ClientOptions } from './options.ts'
