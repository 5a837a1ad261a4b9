/** Shared by both ends of the load. */
export const audience = 'https://api.example.com'
export const resource = { method: 'PUT', path: '/patients', query: [] } as const
export const fieldNames = ['ssn', 'email', 'phone'] as const
