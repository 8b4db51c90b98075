namespace SeamlessReboot.TestServer;

/// <summary>What goes wrong in a server that runs, switched by commands.</summary>
internal sealed class RuntimeFaults
{
    public bool SaveThrows { get; set; }

    /// <summary>"ok", "throw", "hang" (until told to stop), or "block" (its thread, for ever).</summary>
    public string Flush { get; set; } = "ok";

    public int Flushed { get; private set; }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Flushed++;
        switch (Flush)
        {
            case "throw":
                throw new InvalidOperationException("The database does not close.");
            case "hang":
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;
            case "block":
                Thread.Sleep(Timeout.Infinite);
                break;
        }
    }
}
