using System.Net.Sockets;
using SeamlessReboot.TestServer.Commands;

namespace SeamlessReboot.TestServer.Sessions;

/// <summary>Answers a line with number, count and line; a line that begins with '!' is a command.</summary>
internal sealed class CounterSession<TState>(Server server, SessionConnection connection, TState state)
    : RebootSession<TState>(connection, state), ICommandSession, IRebootSession
    where TState : class, ICounterState
{
    public ICounterState Counter => State;

    public bool CaptureThrows { get; set; }

    public CancellationToken WhenSuspending => Suspending;

    Socket IRebootSession.Socket => Connection.Socket;

    SessionSnapshot IRebootSession.Capture() =>
        CaptureThrows ? throw new InvalidOperationException("This session cannot be captured.") : Connection.Capture(State, Kind);

    protected override async Task RunAsync()
    {
        while (await Connection.ReadLineAsync() is string line)
        {
            if (!line.StartsWith('!'))
                await Connection.WriteAsync($"{State.Id} {++State.Lines} {line}\n");
            else if (await CommandTable.RunAsync(line[1..], server, this) is string answer)
                await Connection.WriteAsync(answer + "\n");
        }
    }
}
