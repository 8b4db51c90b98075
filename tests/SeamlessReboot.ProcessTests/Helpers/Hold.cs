namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>A session that comes to no safe point before it is released.</summary>
internal sealed class Hold
{
    private readonly string _fifo;
    private readonly Client _client;

    private Hold(string fifo, Client client)
    {
        _fifo = fifo;
        _client = client;
    }

    public static async Task<Hold> BeginAsync(Workspace workspace, Client client)
    {
        string fifo = workspace.File($"hold-{client.Id}.fifo");
        if (!File.Exists(fifo))
            await Shell.RunAsync("mkfifo", fifo);
        Assert.That(await client.AskAsync("!hold " + fifo), Is.EqualTo("holding"));
        return new Hold(fifo, client);
    }

    public async Task ReleaseAsync()
    {
        await Task.Run(() => File.WriteAllText(_fifo, "released")).WaitAsync(Limits.Wait);
        Assert.That(await _client.ReadLineAsync(), Is.EqualTo("released"));
    }
}
