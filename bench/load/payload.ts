/** What both ends of the load agree on. */
export const audience = 'https://api.example.com'
export const route = 'PUT /patients'
export const fieldNames = ['ssn', 'email', 'phone'] as const
