using System.Net.Sockets;

namespace SeamlessReboot.Tests.Support;

public sealed class EchoState
{
    public string Name { get; set; } = "";

    public int Lines { get; set; }
}

/// <summary>Answers each line with its number: a session whose state shows.</summary>
internal sealed class EchoSession(SessionConnection connection, EchoState state) : RebootSession<EchoState>(connection, state)
{
    internal EchoSession(Socket socket)
        : this(new SessionConnection(socket, new SessionConnectionOptions { CloseTimeout = TimeSpan.FromMilliseconds(200) }), new EchoState())
    {
    }

    protected override string Kind => "echo";

    /// <summary>As a timer of the application does.</summary>
    internal void Tell(ReadOnlySpan<byte> text) => Connection.TryWrite(text);

    protected override async Task RunAsync()
    {
        while (await Connection.ReadLineAsync() is string line)
        {
            if (line == "throw")
                throw new InvalidDataException("as told");
            if (line == "quit")
                return;
            State.Lines++;
            if (line == "save")
                SaveState();
            await Connection.WriteAsync($"{State.Lines} {line}\n");
        }
    }
}

/// <summary>A server with its own buffers, which does at each call what the test says.</summary>
internal sealed class ScriptedSession(Socket socket) : IRebootSession
{
    internal Action? OnResume { get; set; }

    internal Func<CancellationToken, ValueTask>? OnSuspend { get; set; }

    internal Func<SessionSnapshot>? OnCapture { get; set; }

    internal List<string> Calls { get; } = [];

    public Socket Socket { get; } = socket;

    public void Resume()
    {
        Note("resume");
        OnResume?.Invoke();
    }

    public ValueTask SuspendAsync(CancellationToken cancellationToken)
    {
        Note("suspend");
        return OnSuspend?.Invoke(cancellationToken) ?? ValueTask.CompletedTask;
    }

    public SessionSnapshot Capture()
    {
        Note("capture");
        return OnCapture?.Invoke() ?? new SessionSnapshot { UnreadInput = default, UnsentOutput = default };
    }

    private void Note(string call)
    {
        lock (Calls)
            Calls.Add(call);
    }
}
