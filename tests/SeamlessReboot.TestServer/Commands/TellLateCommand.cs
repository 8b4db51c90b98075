using System.Globalization;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Writes to another session at a moment when that one is suspended already.</summary>
internal sealed class TellLateCommand : ICommand
{
    public string Name => "tell-late";

    public async ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        string[] words = argument.Split(' ', 2);
        long id = long.Parse(words[0], CultureInfo.InvariantCulture);
        ICommandSession neighbour = server.Rebooter.GetSessions().OfType<ICommandSession>().First(s => s.Counter.Id == id);
        TaskCompletionSource suspending = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = session.WhenSuspending.Register(suspending.SetResult);
        await session.Connection.WriteAsync("waiting\n");
        await suspending.Task;
        Events.Tell("suspending", []);
        await neighbour.Connection.WriteAsync(words[1] + "\n");
        return "told";
    }
}
