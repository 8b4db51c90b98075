using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Changes the working directory.</summary>
internal sealed class DirectoryCommand : ICommand
{
    public string Name => "cd";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        Environment.CurrentDirectory = argument;
        return ValueTask.FromResult<string?>("ok");
    }
}
