/** An event of Lambda@Edge; header names as they came, in CloudFront's form. */
export const edgeEvent = (
  eventType: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): unknown => ({
  Records: [
    {
      cf: {
        config: { distributionDomainName: 'd111111abcdef8.cloudfront.net', eventType, requestId: 'r-1' },
        request: {
          clientIp: '203.0.113.7',
          method,
          uri: '/patients',
          querystring: 'page=2',
          headers: Object.fromEntries(
            Object.entries(headers).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]),
          ),
        },
      },
    },
  ],
})
