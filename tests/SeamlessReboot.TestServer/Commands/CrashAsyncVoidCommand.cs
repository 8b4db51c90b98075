using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>An unhandled exception in an async void method that the session has called.</summary>
internal sealed class CrashAsyncVoidCommand : ICommand
{
    public string Name => "crash-async-void";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        CrashAsync();
        return ValueTask.FromResult<string?>("crashing");
    }

    private static async void CrashAsync()
    {
        await Task.Yield();
        throw new InvalidOperationException("The application has crashed.");
    }
}
