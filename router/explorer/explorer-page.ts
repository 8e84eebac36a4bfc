import { chromium, type Page } from 'playwright-core';

/** Flags that keep Chromium from talking to anything but the page under test. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface ExplorerVisit {
  readonly page: Page;
  /** Policy violations, failed requests and errors that the page met. */
  readonly complaints: string[];
  /** Signs in as someone of the list and runs one of their examples. @returns the parsed answer */
  runExample(who: string, title: string): Promise<unknown>;
  /** Types an operation of this name over what is there and runs it. @returns the parsed answer */
  runText(name: string, query: string): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Opens the explorer of a running router in Chromium, as a person would.
 *
 * @param url address of the router
 * @param browser path of the Chromium binary
 */
export async function visitExplorer(
  url: string,
  browser: string,
  viewport = { width: 1280, height: 800 },
): Promise<ExplorerVisit> {
  const chrome = await chromium.launch({ executablePath: browser, args: flags });
  const page = await chrome.newPage({ viewport });
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const foreign = !request.url().startsWith(url) && !request.url().startsWith('data:');
    if (foreign) complaints.push(`foreign request: ${request.url()}`);
  });
  await page.goto(`${url}/explorer`);
  await page.locator('.graphiql-query-editor .CodeMirror').waitFor();

  async function execute(): Promise<unknown> {
    const answered = page.waitForResponse(
      (response) =>
        response.url() === `${url}/graphql` &&
        !response.request().postData()?.includes('IntrospectionQuery'),
    );
    await page.getByRole('button', { name: /^Execute query/ }).click();
    const answer: unknown = await (await answered).json();
    await page.locator('.graphiql-response').getByText('"data"').first().waitFor();
    return answer;
  }

  return {
    page,
    complaints,
    async runExample(who, title) {
      await page.getByLabel('Who am I').selectOption({ label: who });
      await page.getByLabel('Example').selectOption({ label: title });
      const editor = page.locator('.graphiql-query-editor');
      await editor.getByText(`# ${title}`).waitFor();
      // Until the tab has its name, the page would still send the name of what was there before.
      const [, name = ''] = /(?:query|mutation) (\w+)/.exec(await editor.innerText()) ?? [];
      await page.getByRole('tab', { name }).waitFor();
      return execute();
    },
    async runText(name, query) {
      await page.locator('.graphiql-query-editor .CodeMirror').click();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(query);
      await page.getByRole('tab', { name }).waitFor();
      return execute();
    },
    close: () => chrome.close(),
  };
}
