using System.Globalization;

namespace SeamlessReboot.TestServer;

/// <summary>
/// What goes wrong between Start and Ready. Each start takes the first line of the file given by --faults: "ok", "crash",
/// "crash-pool", "exit CODE", "hang FIFO" (its number is written there), "keep", or "restore ID,ID".
/// </summary>
internal sealed class StartFaults
{
    private readonly string _fault;
    private readonly string _argument;

    private StartFaults(string line)
    {
        string[] words = line.Split(' ', 2);
        _fault = words[0];
        _argument = words.Length > 1 ? words[1] : "";
    }

    public static StartFaults Next(string? path)
    {
        if (path is null || !File.Exists(path))
            return new StartFaults("ok");
        string[] lines = File.ReadAllLines(path);
        File.WriteAllLines(path, lines.Skip(1));
        return new StartFaults(lines.FirstOrDefault("ok"));
    }

    public void CrashIfAsked()
    {
        switch (_fault)
        {
            case "crash":
                _ = Native.Umask(0); // as a server may do before it makes its files
                throw new InvalidOperationException("This version crashes while it starts.");
            case "crash-pool":
                ThreadPool.QueueUserWorkItem(_ => throw new InvalidOperationException("This version crashes while it starts, on the pool."));
                Thread.Sleep(Timeout.Infinite);
                break;
            case "exit":
                Environment.Exit(int.Parse(_argument, CultureInfo.InvariantCulture));
                break;
            case "hang":
                File.WriteAllText(_argument, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
                Thread.Sleep(Timeout.Infinite);
                break;
        }
    }

    public void RefuseKeepIfAsked()
    {
        if (_fault == "keep")
            throw new InvalidDataException("This version does not understand what was kept.");
    }

    public void RefuseIfAsked(long session)
    {
        if (_fault == "restore" && _argument.Split(',').Contains(session.ToString(CultureInfo.InvariantCulture)))
            throw new InvalidDataException("This version does not understand this session.");
    }
}
